"""What a delivery cannot hold of its plate, to be said rather than found out."""

from pathlib import Path

from pecten.deliver.sequence import keeps_files
from pecten.deliver.video import CONTAINERS, pixel_format_for
from pecten.footage.alpha import has_alpha
from pecten.footage.clip import ClipInfo
from pecten.footage.planes import layout_of


def losses(plate: ClipInfo, out: Path, larger: bool = False) -> list[str]:
    """Say in a line each what of a plate's alpha and depth is lost in a delivery.

    Args:
        plate: What is known of it.
        out: The delivery; its suffix settles the format.
        larger: Whether it is larger than the plate, so that a sequence's own files cannot be kept.
    """
    suffix, said = out.suffix.lower(), []
    chosen = pixel_format_for(plate, suffix) if suffix in CONTAINERS else None
    layout = layout_of(chosen) if chosen else None
    shallow = layout.bits <= 8 if layout else suffix in (".jpg", ".jpeg")
    if plate.bit_depth > 8 and shallow:
        said.append(
            f"{suffix} holds 8 bits, the plate has {plate.bit_depth}: deliver .mkv or .exr to keep them, .mov for 10"
        )
    if plate.kind == "video":
        kept, way = has_alpha(chosen) if chosen else suffix not in (".jpg", ".jpeg"), "deliver .mov or .mkv"
    else:
        kept = not (chosen or larger) and keeps_files(plate.path, plate.pixel_format, suffix)
        way = f"deliver {Path(plate.path).suffix}{' as large as the plate' if larger else ''}"
    if plate.alpha and not kept:
        said.append(f"{suffix} does not get the plate's alpha: {way} to keep it")
    return said
