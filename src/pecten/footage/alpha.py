"""The alpha of video frames, which colour arithmetic leaves alone."""

import re
from typing import Any

import numpy as np

from pecten.footage.clip import Frame
from pecten.footage.planes import layout_of, planes_of
from pecten.types import Mask


def has_alpha(pixel_format: str) -> bool:
    """Say whether a pixel format, by FFmpeg's name, holds alpha beside three colours."""
    return re.match(r"yuva|gbrap|rgba|argb|bgra|abgr", pixel_format) is not None


def alpha_of(native: Any) -> Mask | None:
    """Return the alpha of a frame, 0..1; None where it has none.

    Args:
        native: `av.VideoFrame`, or anything else, which has none.
    """
    form = getattr(native, "format", None)
    if form is None or not has_alpha(form.name):
        return None
    layout = layout_of(form.name)
    deep = any(component.bits > 8 for component in form.components)
    # Of the formats without a layout FFmpeg only moves the samples.
    codes = planes_of(native)[3] if layout else native.to_ndarray(format="rgba64le" if deep else "rgba")[..., 3]
    peak = 2**layout.bits - 1 if layout else 2 ** (16 if deep else 8) - 1
    alpha: Mask = np.multiply(codes, np.float32(1 / peak), dtype=np.float32)
    return alpha


def frame_alpha(frame: Frame) -> Mask | None:
    """Return a video frame's alpha as its picture is shown, 0..1; None where it has none."""
    return alpha_of(frame.native) if frame.alpha is None else frame.alpha
