"""The piece of a plate around a face gives the very crops that the whole plate gives."""

import cv2
import numpy as np
import pytest

from pecten.colour.view import View
from pecten.faces.normalise import crop
from pecten.faces.shown import part_around
from pecten.geometry import similarity

# Smooth, for places are rounded by some 3e-5 px, otherwise in a piece than in the whole.
PLATE = cv2.GaussianBlur(np.random.default_rng(6).uniform(0, 1, (300, 460, 3)).astype(np.float32), (0, 0), 1.5)


@pytest.mark.parametrize("scale", [0.9, 2.5, 4.0, 9.0])
@pytest.mark.parametrize("centre", [(230.0, 150.0), (20.0, 280.0), (455.0, 3.0), (-400.0, 150.0), (900.0, 900.0)])
@pytest.mark.parametrize("size", [64, 256])
def test_the_crop_is_the_whole_plates(scale: float, centre: tuple[float, float], size: int) -> None:
    turned = similarity.similarity(scale, 0.3, (0.0, 0.0))
    turned[:, 2] = 512 - turned[:, :2] @ np.array(centre)
    part = part_around(PLATE, turned, View("rec709"))
    np.testing.assert_allclose(part.crop(size), crop(PLATE, turned, size), rtol=0, atol=1e-5)
    rows, columns = part.place
    np.testing.assert_array_equal(part.image, PLATE[rows, columns])
    if scale == 9.0:
        assert part.image.size < PLATE.size


def test_the_piece_is_display_coded() -> None:
    linear = View("linear")
    part = part_around(PLATE, similarity.similarity(6.0, 0.0, (-700.0, -400.0)), linear)
    np.testing.assert_array_equal(part.image, linear.to_display(PLATE)[part.place])
