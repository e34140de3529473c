"""Whether a frame is good enough to train on, and if not, why."""

from dataclasses import dataclass

import cv2
import numpy as np

from pecten.faces.mesh import OVAL
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.types import Affine, ByteImage, Points

BLUR_SIZE = 256
"""Side of the crop that blur is measured on, in px."""


@dataclass(frozen=True)
class Gates:
    """What a frame must pass to be trained on; none of this ever leaves a frame out of a swap.

    Attributes:
        min_face_px: Least width of the face in the plate.
        max_yaw_deg: Largest turn to the side.
        max_blur: 0 is sharp, 1 is flat; measured on a crop of `BLUR_SIZE`.
        max_spread_px: Largest spread of the landmarks under perturbation, at `CANONICAL_SIZE`.
        max_outside: Largest share of the face's outline beyond the plate's edge.
        max_covered: Largest share of the face that a hand, hair, glasses or anything else may cover.
    """

    min_face_px: float = 64.0
    max_yaw_deg: float = 75.0
    max_blur: float = 0.72
    max_spread_px: float = 12.0
    max_outside: float = 0.08
    max_covered: float = 0.25

    def why_not(
        self, face_px: float, yaw_rad: float, blur: float, spread_px: float, outside: float, covered: float = 0.0
    ) -> str | None:
        """Return the first reason to leave a frame out of training, or None.

        Args:
            face_px, yaw_rad, blur, spread_px, outside: As the functions here and `normalise.pose` measure them.
            covered: Share of the face that something in front covers.
        """
        checks = (
            (face_px < self.min_face_px, f"face narrower than {self.min_face_px:g} px"),
            (abs(np.degrees(yaw_rad)) > self.max_yaw_deg, f"turned more than {self.max_yaw_deg:g} degrees"),
            (outside > self.max_outside, "cut off by the edge of the frame"),
            (spread_px > self.max_spread_px, f"landmarks uncertain by more than {self.max_spread_px:g} px"),
            (blur > self.max_blur, f"blurred (over {self.max_blur:g})"),
            # Last: where nothing is sharp, nothing can be said to stand in front.
            (covered > self.max_covered, f"covered by more than {100 * self.max_covered:g} %"),
        )
        return next((reason for failed, reason in checks if failed), None)


def small_crop(image: ByteImage, crop_from_plate: Affine) -> ByteImage:
    """Cut the crop that `blur` looks at out of a plate."""
    return warp(image, sim.at_size(crop_from_plate, BLUR_SIZE), BLUR_SIZE, BLUR_SIZE, "linear", "replicate")


def blur(crop: ByteImage) -> float:
    """Measure how blurred a crop is: how little blurring it once more changes it.

    Args:
        crop: A normalised crop of `BLUR_SIZE`.
    Returns:
        0 for sharp to 1 for flat.
    Reference:
        Crete et al. 2007, The blur effect.
    """
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    # Grain is not sharpness: a little smoothing first takes it away.
    grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.8), dtype=np.float32)
    grey = grey[BLUR_SIZE // 5 : -BLUR_SIZE // 8, BLUR_SIZE // 5 : -BLUR_SIZE // 5]
    worst = 0.0
    for axis, kernel in ((1, (9, 1)), (0, (1, 9))):
        change = np.abs(np.diff(grey, axis=axis))
        change_blurred = np.abs(np.diff(cv2.blur(grey, kernel), axis=axis))
        lost = np.maximum(change - change_blurred, 0).sum()
        total = float(change.sum())
        worst = max(worst, (total - float(lost)) / total if total > 0 else 1.0)
    return worst


def outside(landmarks: Points, width: int, height: int) -> float:
    """Return the share of the face's outline that lies beyond the plate."""
    oval = landmarks[list(OVAL)]
    beyond = (oval < -0.5).any(axis=1) | (oval[:, 0] > width - 0.5) | (oval[:, 1] > height - 0.5)
    return float(beyond.mean())


def face_width_px(landmarks: Points) -> float:
    """Return the width of the face in the plate, from ear to ear along the eye line."""
    oval = landmarks[list(OVAL)]
    across = landmarks[263] - landmarks[33]
    length = float(np.linalg.norm(across))
    if length == 0:
        return 0.0
    return float(np.ptp(oval @ (across / length)))
