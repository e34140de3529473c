"""What a delivery cannot hold of its plate, to be said rather than found out."""

from pathlib import Path

from pecten.deliver.sequence import keeps_files
from pecten.deliver.video import CONTAINERS, pixel_format_for
from pecten.footage.alpha import has_alpha
from pecten.footage.clip import ClipInfo
from pecten.footage.planes import layout_of


def losses(plate: ClipInfo, out: Path) -> list[str]:
    """Say in a line each what of a plate's alpha and depth is lost in a delivery.

    Args:
        plate: What is known of it.
        out: The delivery; its suffix settles the format.
    """
    suffix, said = out.suffix.lower(), []
    chosen = pixel_format_for(plate, suffix) if suffix in CONTAINERS else None
    layout = layout_of(chosen) if chosen else None
    shallow = layout.bits <= 8 if layout else suffix in (".jpg", ".jpeg")
    if plate.bit_depth > 8 and shallow:
        said.append(f"{suffix} holds 8 bits, the plate has {plate.bit_depth}: deliver .mov, .mkv or .exr to keep them")
    if chosen:
        kept = plate.kind == "video" and has_alpha(chosen)
    else:
        kept = (
            keeps_files(plate.path, plate.pixel_format, suffix)
            if plate.kind == "sequence"
            else suffix not in (".jpg", ".jpeg")
        )
    if plate.alpha and not kept:
        fit = ".mov or .mkv" if plate.kind == "video" else Path(plate.path).suffix
        said.append(f"{suffix} does not get the plate's alpha: deliver {fit} to keep it")
    return said
