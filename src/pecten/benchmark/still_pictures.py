"""Pictures of how still the normalisation stands."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pecten.benchmark.faces_still import Course
from pecten.colour.transfer import to_display
from pecten.faces import normalise
from pecten.footage.clip import open_clip
from pecten.sheet import save
from pecten.types import Affine, ByteImage

_SIZE = 512
_COLUMN = 0.35
"""Which column of the crop is followed over time: through the eye and the corner of the mouth."""
_WIDE = 8
_COLOURS = {"off": "#c8c8c8", "paper": "#d95f02", "ours": "#1b6ca8"}


def draw_errors(courses: Sequence[Course], out: Path) -> Path:
    """Draw each take's error of the face's centre over time, one line a method.

    Args:
        courses: Of every take and method.
        out: PNG to write.
    """
    from matplotlib.figure import Figure

    takes = list(dict.fromkeys(one.take.clip for one in courses))
    figure = Figure(figsize=(14, 2.6 * len(takes)), layout="constrained")
    axes = np.atleast_2d(np.array(figure.subplots(len(takes), 2, sharex="row")))
    for row, clip in zip(axes, takes, strict=True):
        for one in (c for c in courses if c.take.clip == clip):
            centre = one.errors.mean(axis=1)
            for axis, across, name in zip(row, range(2), ("across", "down"), strict=True):
                moving = centre[:, across] - np.median(centre[:, across])
                axis.plot(moving, label=one.method, color=_COLOURS[one.method], linewidth=1.3)
                axis.set(title=f"{clip.stem}, {name}", ylabel="px at 1024")
                axis.grid(alpha=0.3)
    axes[0, 0].legend(loc="upper right")
    axes[-1, 0].set_xlabel("frame")
    axes[-1, 1].set_xlabel("frame")
    figure.savefig(out, dpi=90)
    return out


def draw_slices(courses: Sequence[Course], out: Path) -> Path:
    """Lay one column of the normalised crop of every frame side by side, a band a method and one of the truth.

    What trembles is jagged along its edges; what stands still is smooth.

    Args:
        courses: Of one take, every method.
        out: PNG to write.
    """
    ways = [one.transforms for one in courses] + [courses[0].truth]
    bands = [_slice(courses[0].take.clip, way) for way in ways]
    gap = np.full((8, bands[0].shape[1], 3), 255, np.uint8)
    save(out, np.concatenate([part for band in bands for part in (band, gap)][:-1]))
    return out


def _slice(clip_path: Path, transforms: Sequence[Affine]) -> ByteImage:
    clip = open_clip(clip_path)
    left = int(_COLUMN * _SIZE)
    columns = []
    for frame, transform in zip(clip.frames(0, len(transforms)), transforms, strict=True):
        crop = normalise.crop(to_display(frame.image, clip.info.encoding), transform, _SIZE)
        column = crop[_SIZE // 4 : -_SIZE // 5, left : left + 1]
        columns.append(np.repeat(np.clip(np.rint(column * 255), 0, 255).astype(np.uint8), _WIDE, axis=1))
    return np.concatenate(columns, axis=1)
