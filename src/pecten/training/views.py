"""What the face mesh network sees in a picture: its early feature maps, as a measure of likeness."""

import torch
import torch.nn.functional as functional
from torch import Tensor

from pecten.assets import asset
from pecten.faces.mesh import ROI_SIZE
from pecten.faces.mesh_torch import TorchMesh
from pecten.training.loss import Pictures

STAGES = 3
"""Feature maps that are compared: the last of 1/2, 1/4 and 1/8 of the picture's side."""


class FaceView:
    """The network that finds the face mesh, cut off early; its weights ship with Pecten and do not learn.

    Args:
        device: Where the pictures are.
    Reference:
        Kartynnik et al. 2019; Johnson et al. 2016 (feature losses).
    """

    def __init__(self, device: torch.device) -> None:
        self._network = TorchMesh(asset("models/face_landmarks_detector.tflite")).to(device).eval()

    def __call__(self, pictures: Pictures) -> list[Tensor]:
        """Return feature maps, from fine to coarse.

        Args:
            pictures: Around [0, 1]; larger ones than the network was made for are reduced by area.
        """
        while pictures.shape[-1] > ROI_SIZE:
            pictures = functional.avg_pool2d(pictures, 2)
        return self._network.stages(pictures.permute(0, 2, 3, 1), STAGES)
