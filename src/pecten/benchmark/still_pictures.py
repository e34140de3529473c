"""Pictures of how still the normalisation stands."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pecten.benchmark.faces_still import Course
from pecten.footage.clip import open_clip
from pecten.geometry import similarity as sim
from pecten.geometry.warp import warp
from pecten.sheet import label, save
from pecten.types import Affine, ByteImage

_MIDDLE = (330.0, 400.0)
"""A place of the normalised crop, in px: the white of an eye under its lid."""
_SIDE_PX = 120
_WIDE, _TALL = 14, 2
_GAP_PX = 8
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
    """Lay one column through an eye of every frame's crop side by side, enlarged: a band a method and one of the truth.

    What trembles is jagged along its edges; what stands still is smooth.

    Args:
        courses: Of one take, every method.
        out: PNG to write.
    """
    ways = {one.method: one.transforms for one in courses} | {"true landmarks": courses[0].truth}
    bands = [label(_slice(courses[0].take.clip, way), name) for name, way in ways.items()]
    gap = np.full((_GAP_PX, bands[0].shape[1], 3), 255, np.uint8)
    save(out, np.concatenate([part for band in bands for part in (band, gap)][:-1]))
    return out


def _slice(clip_path: Path, transforms: Sequence[Affine]) -> ByteImage:
    clip = open_clip(clip_path)
    x, y = _MIDDLE
    window = sim.similarity(1.0, 0.0, (_SIDE_PX / 2 - x, _SIDE_PX / 2 - y))
    columns, view = [], clip.info.view()
    for frame, transform in zip(clip.frames(0, len(transforms)), transforms, strict=True):
        shown = view.display_bytes(frame.image)
        around = warp(shown, sim.compose(window, transform), _SIDE_PX, _SIDE_PX, "cubic", "replicate")
        columns.append(around[:, _SIDE_PX // 2 : _SIDE_PX // 2 + 1])
    time_across = np.concatenate(columns, axis=1)
    return np.ascontiguousarray(time_across.repeat(_TALL, axis=0).repeat(_WIDE, axis=1))
