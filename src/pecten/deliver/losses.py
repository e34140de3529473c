"""What a delivery cannot hold of its plate, to be said rather than found out."""

from pathlib import Path

from pecten.deliver.sequence import keeps_files
from pecten.deliver.video import CONTAINERS, pixel_format_for
from pecten.footage.alpha import has_alpha
from pecten.footage.clip import ClipInfo
from pecten.footage.planes import layout_of

_FLOATS = ("half", "float", "double")
_PACKED = (".jpg", ".jpeg")
_STILL_BITS = {".jpg": 8, ".jpeg": 8, ".dpx": 10, ".png": 16, ".tif": 16, ".tiff": 16}


def losses(plate: ClipInfo, out: Path, larger: bool = False) -> list[str]:
    """Say in a line each what of a plate's alpha and depth is lost in a delivery.

    Args:
        plate: What is known of it.
        out: The delivery; its suffix settles the format.
        larger: Whether it is larger than the plate, so that a sequence's own files cannot be kept.
    """
    suffix, said = out.suffix.lower(), []
    chosen = pixel_format_for(plate, suffix) if suffix in CONTAINERS else None
    own_files = not (chosen or larger or plate.kind == "video") and keeps_files(plate.path, plate.pixel_format, suffix)
    holds = None if own_files else _bits(chosen, suffix)
    if holds and plate.pixel_format in _FLOATS and plate.view().is_linear:
        said.append(f"{suffix} holds whole numbers: what is below black or above white is cut; deliver .exr to keep it")
    elif holds and plate.bit_depth > holds:
        deeper = ".mkv or .exr to keep them, .mov for 10" if holds < 10 else ".mkv, .png or .tif to keep them"
        said.append(f"{suffix} holds {holds} bits, the plate has {plate.bit_depth}: deliver {deeper}")
    if suffix in _PACKED and plate.kind == "sequence":
        said.append(
            f"{suffix} is packed with loss: outside the face, too, pixels change a little; deliver .png or .tif"
        )
    if plate.kind == "video":
        kept, way = has_alpha(chosen) if chosen else suffix not in (".jpg", ".jpeg"), "deliver .mov or .mkv"
    else:
        kept = own_files
        way = f"deliver {Path(plate.path).suffix}{' as large as the plate' if larger else ''}"
    if plate.alpha and not kept:
        said.append(f"{suffix} does not get the plate's alpha: {way} to keep it")
    return said


def _bits(chosen: str | None, suffix: str) -> int | None:
    """Return how deep a delivery's whole numbers are; None for one of floats."""
    if chosen is None:
        return _STILL_BITS.get(suffix)
    layout = layout_of(chosen)
    return layout.bits if layout else 8 if chosen.startswith("bgr") else 16
