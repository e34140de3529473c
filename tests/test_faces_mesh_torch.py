"""The mesh network in torch against the same file through LiteRT."""

import numpy as np
import pytest
from ai_edge_litert.schema_py_generated import BuiltinOperator

from faces_support import EYES, still
from pecten.assets import asset
from pecten.errors import FacesError
from pecten.faces.landmarks import FaceMesh
from pecten.faces.mesh_torch import TorchMesh, runner
from pecten.faces.stabilise import perturbed, roi_of_detection

MODEL = "models/face_landmarks_detector.tflite"


def test_torch_sees_what_litert_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    (x0, y0), (x1, y1) = EYES + np.array([[-50.0, -30.0], [50.0, 130.0]])
    rois = perturbed(roi_of_detection((x0, y0, x1, y1), EYES), 3)
    litert, in_torch = FaceMesh(threads=1), FaceMesh(threads=1)
    monkeypatch.setattr(in_torch, "_run", runner(asset(MODEL), "cpu"))
    places, presence = litert.locate(still(), rois)
    again, presence_again = in_torch.locate(still(), rois)
    assert presence.min() > 0.9
    np.testing.assert_allclose(again, places, atol=2e-3)
    np.testing.assert_allclose(presence_again, presence, atol=1e-4)


def test_another_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BuiltinOperator, "PRELU", -1)
    with pytest.raises(FacesError, match="install Pecten again"):
        TorchMesh(asset(MODEL))
