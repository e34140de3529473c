"""What the options of `pecten swap` mean."""

from pathlib import Path
from typing import TYPE_CHECKING

from pecten.cli.options import named_option
from pecten.errors import UsageError

if TYPE_CHECKING:
    from pecten.comb.model import Comb
    from pecten.composite.recipe import Recipe
    from pecten.shot.matte import MatteOptions
    from pecten.shot.wishes import Keyed


def choose_region(name: str) -> str:
    """Read the name of a region."""
    from pecten.faces.steady import parts_of

    with named_option():
        return "+".join(parts_of(name))


def choose_recipe(
    light: str,
    bands: int,
    contrast: str | None,
    blend: str = "multiband",
    grain: float = 1.0,
    sharpness: bool = True,
    shutter_deg: float | None = None,
    specular: bool = True,
    catch_lights: bool = True,
    irises: bool = True,
    lashes: bool = True,
) -> "Recipe":
    """Read how light, contrast and texture are to be matched and the face is laid into the plate."""
    from pecten.composite.contrast import ContrastMethod
    from pecten.composite.recipe import BlendMethod, LightSource, Recipe

    if light not in list(LightSource):
        raise UsageError(f"--light {light}: choose one of {', '.join(LightSource)}")
    if contrast not in [None, "none", *ContrastMethod]:
        raise UsageError(f"--contrast {contrast}: choose one of {', '.join(ContrastMethod)}, none")
    if blend not in list(BlendMethod):
        raise UsageError(f"--blend {blend}: choose one of {', '.join(BlendMethod)}")
    default = ContrastMethod.GLOBAL if light == LightSource.BANDS else None
    method = default if contrast is None else None if contrast == "none" else ContrastMethod(contrast)
    opened = None if shutter_deg is None else shutter_deg / 360
    return Recipe(
        LightSource(light),
        bands,
        method,
        BlendMethod(blend),
        grain=grain,
        sharpness=sharpness,
        shutter=opened,
        specular=specular,
        catch_lights=catch_lights,
        irises=irises,
        lashes=lashes,
    )


def choose_matte(
    given: str | None, mode: str, written: str | None, strength: str, ease: bool, fade: int, fill: bool, occlusion: bool
) -> "MatteOptions":
    """Read what the mattes are made of."""
    from pecten.composite.matte import MatteMode
    from pecten.shot.matte import MatteOptions
    from pecten.shot.strength import read_strength

    if mode not in list(MatteMode):
        raise UsageError(f"--matte-mode {mode}: choose one of {', '.join(MatteMode)}")
    if given is None and mode != MatteMode.REPLACE:
        raise UsageError(f"--matte-mode {mode}: says what a matte of yours does: give it with --matte")
    with named_option():
        keys = read_strength(strength, ease)
    return MatteOptions(given, MatteMode(mode), keys, fade, occlusion, fill, written)


def choose_placement(texts: list[str], ease: bool) -> "tuple[Keyed, ...]":
    """Read how large the face is laid in, and where."""
    from pecten.shot.placement import read_placement

    with named_option():
        return read_placement(texts, ease)


def choose_looks(
    loaded: "Comb", comb: Path, looks: list[str], looks_by: str, edits: list[str], engine: str, ease: bool, frames: int
) -> "tuple[tuple[Keyed, ...], str, tuple[Keyed, ...], str]":
    """Read which looks are mixed how, what is edited, and what runs the comb."""
    from pecten.shot.engine import choose_engine
    from pecten.shot.wishes import read_edits, read_looks

    if looks_by not in ("weights", "pictures"):
        raise UsageError(f"--looks-by {looks_by}: choose weights or pictures")
    with named_option():
        keyed, changes = read_looks(looks, ease), read_edits(edits, ease)
        chosen = choose_engine(engine, loaded, frames, bool(keyed) and looks_by == "weights")
    for one in keyed:
        loaded.config.check_identity(one.name, str(comb))
    return keyed, looks_by, changes, chosen
