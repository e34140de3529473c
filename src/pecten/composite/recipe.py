"""One composite from its parts: measure every frame, smooth over the shot, then compose.

measured = [measure(plate, face, matte, recipe) for ...]      # plate and face as crops of one size
smoothed = smooth(measured, starts=cuts)
blended = compose(plate, face, matte, recipe, smoothed[i])    # each frame for itself, in any order
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pecten.composite.blend import blend_alpha, blend_multiband, blend_standard, enlarge
from pecten.composite.contrast import ContrastMethod, contrast_gain, correct_contrast, smooth_gains
from pecten.composite.grain import Grain, smooth_grain
from pecten.composite.light import OFFSET, Light, enlarged, fit_light, refit, relight
from pecten.composite.motion import blur_along, shutter, smooth_shutters
from pecten.composite.normals import normal_map
from pecten.composite.poisson import blend_poisson, blend_seamless
from pecten.composite.sharpness import RESTORED, match_sharpness, sharpen, softness
from pecten.composite.specular import highlights, with_highlights
from pecten.composite.steady_light import steadied
from pecten.errors import ShapeError
from pecten.types import Image, Mask, Points


class LightSource(StrEnum):
    """Where the light of the composite comes from."""

    SKIN = "skin"
    BANDS = "bands"
    FACE = "face"


class BlendMethod(StrEnum):
    """How the face is laid into the plate."""

    MULTIBAND = "multiband"
    ALPHA = "alpha"
    POISSON = "poisson"
    SEAMLESS = "seamless"
    STANDARD = "standard"


_PLAIN_BLENDS: dict[BlendMethod, Callable[[Image, Image, Mask], Image]] = {
    BlendMethod.ALPHA: blend_alpha,
    BlendMethod.POISSON: blend_poisson,
    BlendMethod.SEAMLESS: blend_seamless,
    BlendMethod.STANDARD: blend_standard,
}


@dataclass(frozen=True)
class Recipe:
    """What is done to a decoded face on its way into the plate.

    Attributes:
        light: "skin" fits a smooth gain to the skin that both faces show and keeps every band of the face; "bands"
            takes the coarsest bands from the plate (Naruniec et al. 2020), beard and all; "face" leaves the decoder's
            light.
        coarse_from_plate: How many bands "bands" takes.
        contrast: How contrast is matched; None leaves it.
        blend: "multiband" is ours; "alpha", "poisson", "seamless" (OpenCV's, 8 bits) and "standard" (bands under one
            blurred matte) are there to compare with.
        window: Frames over which measurements are smoothed, odd.
        offset: Level below which a light's gain turns into a shift, in the pictures' coding.
        grain: Strength of the plate's grain on the face; 0 adds none.
        sharpness: Whether the face is made as sharp or as soft as the plate.
        shutter: Share of a frame's time during which the plate's shutter was open, for motion blur; 0 adds none, None
            measures it.
        specular: Whether the face's skin shows the highlights of the plate's; only with light "skin".
        catch_lights: Whether the eyes show what the plate's mirror.
        irises: Whether decoded irises are drawn anew from the footage's, if the comb has kept them.
        lashes: Whether the lashes of shut eyes are, likewise.
    """

    light: LightSource = LightSource.SKIN
    coarse_from_plate: int = 2
    contrast: ContrastMethod | None = None
    blend: BlendMethod = BlendMethod.MULTIBAND
    window: int = 9
    offset: float = OFFSET
    grain: float = 1.0
    sharpness: bool = True
    shutter: float | None = None
    specular: bool = True
    catch_lights: bool = True
    irises: bool = True
    lashes: bool = True


PAPER = Recipe(
    light=LightSource.BANDS,
    contrast=ContrastMethod.GLOBAL,
    specular=False,
    catch_lights=False,
    irises=False,
    lashes=False,
)
"""As published, as far as it is known: contrast first, then the two coarsest bands from the plate."""


@dataclass(frozen=True)
class Measurement:
    """What one frame says about light, contrast and grain; about 200 KB.

    Attributes:
        light: None unless the recipe fits it.
        gain: Of contrast.
        grain: What the face lacks of the plate's grain (measured apart, as it needs two frames).
        softness: Variance of the Gaussian by which the plate is softer, in px of the decoded face, squared; not a
            number where nothing tells.
        motion: Of the head, px of the decoded face from frame to frame.
        shutter: Open share of the frame's time; not a number where nothing tells.
        highlights: What the face lacks of those on the plate's skin; None where they are not asked for.
    """

    light: Light | None
    gain: float
    grain: Grain | None = None
    softness: float = 0.0
    motion: tuple[float, float] = (0.0, 0.0)
    shutter: float = 0.0
    highlights: Mask | None = None


def measure(
    plate: Image,
    face: Image,
    matte: Mask,
    recipe: Recipe,
    landmarks: Points | None = None,
    motion: tuple[float, float] = (0.0, 0.0),
) -> Measurement:
    """Measure light and contrast of one frame.

    Args:
        plate: Crop of the plate, display-coded.
        face: Decoded face, same size and coding.
        matte: The whole face, even for a swap of lips or eyes.
        recipe: What will be done.
        motion: Of the head, px of the crop from frame to frame.
        landmarks: The mesh in the crop, px: with it, light is a matter of where the face's surface looks.
    Raises:
        ShapeError: if sizes differ.
    """
    light, where, lacking = None, matte, None
    if recipe.light is LightSource.SKIN:
        normals = None if landmarks is None else normal_map(landmarks, len(plate))
        light = fit_light(face, plate, matte, recipe.offset, normals)
        where = enlarged(light.trusted, matte)
        face = relight(face, light.coefficients, recipe.offset, light.normals, light.tint)
        lacking = highlights(plate, face, matte, landmarks) if recipe.specular and landmarks is not None else None
    gain = 1.0 if recipe.contrast is None else contrast_gain(face, plate, where, recipe.contrast)
    opened = recipe.shutter
    if opened is None:
        opened = _known(shutter(face, plate, where, np.array(motion, np.float64)))
    if opened > 0:
        face = blur_along(face, np.array(motion, np.float64) * opened)
    softer = _known(softness(face, plate, where)) if recipe.sharpness else 0.0
    return Measurement(light, gain, softness=softer, motion=motion, shutter=opened, highlights=lacking)


def _known(value: float | None) -> float:
    return float("nan") if value is None else value


def smooth(
    measured: Sequence[Measurement | None], starts: Sequence[int] = (), window: int = 9, only: int | None = None
) -> list[Measurement | None]:
    """Smooth measurements over a shot, never across a cut.

    A lamp may flicker, and the face must flicker with it; a beard stays. So the votes are smoothed, and light is fitted
    to each frame by them; what the fit leaves over is held steady.

    Args:
        measured: One a frame; None where a frame has no face.
        starts: Frames at which something new begins.
        window: Frames, odd.
        only: The one frame whose answer is wanted: the light of the others is not fitted again, which is what costs.
    Raises:
        ShapeError: if the window is not odd and positive, or measurements differ in kind.
    """
    gains = smooth_gains(
        np.array([np.nan if one is None else one.gain for one in measured], np.float64), window, starts
    )
    lights = _smooth_lights([None if one is None else one.light for one in measured], starts, window, only)
    grains = smooth_grain([None if one is None else one.grain for one in measured], window, starts)
    shutters = smooth_shutters(np.array([np.nan if one is None else one.shutter for one in measured]), window, starts)
    softer = smooth_gains(np.array([np.nan if one is None else one.softness for one in measured]), window, starts)
    shining = _smooth_highlights([None if one is None else one.highlights for one in measured], starts, window, only)
    rows = zip(measured, gains, lights, grains, softer, shutters, shining, strict=True)
    return [
        None if one is None else Measurement(light, float(gain), grain, float(soft), one.motion, float(opened), lacking)
        for one, gain, light, grain, soft, opened, lacking in rows
    ]


def _smooth_highlights(
    each: Sequence[Mask | None], starts: Sequence[int], window: int, only: int | None
) -> list[Mask | None]:
    """Average over a window: what shines on a head slides slowly, and where noses differ it must not twitch."""
    result = list(each)
    for i, one in enumerate(each):
        if one is not None and only in (None, i):
            first, stop = _within(i, len(each), starts, window)
            near = [other for other in each[first:stop] if other is not None]
            result[i] = np.asarray(np.mean(near, axis=0, dtype=np.float32))
    return result


def prepare(decoded: Image, size: int, recipe: Recipe, measurement: Measurement) -> Image:
    """Bring a decoded face to the size at which it is blended, as sharp and as blurred by motion as its plate.

    Args:
        decoded: The comb's answer.
        size: Side in px.
        recipe: What to do.
        measurement: From `measure`, smoothed.
    """
    if np.isfinite(measurement.shutter):
        decoded = blur_along(decoded, np.array(measurement.motion) * measurement.shutter)
    if not recipe.sharpness or not np.isfinite(measurement.softness):
        return enlarge(decoded, size)
    return sharpen(enlarge(match_sharpness(decoded, measurement.softness), size), RESTORED)


def _smooth_lights(
    lights: Sequence[Light | None], starts: Sequence[int], window: int, only: int | None
) -> list[Light | None]:
    first = next((light for light in lights if light is not None), None)
    if first is None:
        return list(lights)
    if any(light is not None and light.trusted.shape != first.trusted.shape for light in lights):
        raise ShapeError("lights measured on crops of different size: measure a shot at one size")

    def smoothed(pick: Callable[[Light], Mask]) -> np.ndarray:
        absent = np.full(first.trusted.shape, np.nan)
        each = np.stack([absent if light is None else pick(light).astype(np.float64) for light in lights])
        return smooth_gains(each, window, starts).astype(np.float32)

    trusted, alike = smoothed(lambda light: light.trusted), smoothed(lambda light: light.alike)
    tints = smooth_gains(np.array([np.nan if light is None else light.tint for light in lights]), window, starts)
    result = list(lights)
    for i, light in enumerate(lights):
        if light is not None and only in (None, i):
            fitted = refit(light, trusted[i], alike[i], float(tints[i]))
            result[i] = steadied(fitted, _around(lights, i, starts, window))
    return result


def _around(
    lights: Sequence[Light | None], index: int, starts: Sequence[int], window: int
) -> list[tuple[Light, float]]:
    """Return the lights around one, up to the next cuts, and their weights under a Hann window."""
    weights, half = np.hanning(window + 2)[1:-1], window // 2
    first, stop = _within(index, len(lights), starts, window)
    return [
        (light, float(weights[k - index + half]))
        for k, light in enumerate(lights[first:stop], first)
        if light is not None and k != index
    ]


def _within(index: int, count: int, starts: Sequence[int], window: int) -> tuple[int, int]:
    """Return the first frame, and the one past the last, of a window that no cut crosses."""
    half = window // 2
    first = max([index - half, 0, *(start for start in starts if start <= index)])
    return first, min([index + half + 1, count, *(start for start in starts if start > index)])


def in_light(face: Image, recipe: Recipe, measurement: Measurement) -> Image:
    """Apply the measured light to a face of any size."""
    if measurement.light is None:
        return face
    light = measurement.light
    return relight(face, light.coefficients, recipe.offset, light.normals, light.tint, light.added)


def compose(
    plate: Image, face: Image, matte: Mask, recipe: Recipe, measurement: Measurement, face_matte: Mask | None = None
) -> Image:
    """Compose one crop.

    Args:
        plate: Crop of the plate.
        face: Decoded face, same size and coding.
        matte: What is swapped: the face, or only its lips or eyes.
        recipe: What to do.
        measurement: From `measure`, smoothed.
        face_matte: The whole face, when `matte` is only a part of it.
    Returns:
        The blend; where `matte` is 0 it is the plate, bit for bit.
    Raises:
        ShapeError: if sizes differ.
    """
    whole = matte if face_matte is None else face_matte
    trusted, alike = whole, None
    if measurement.light is not None:
        face = in_light(face, recipe, measurement)
        trusted = enlarged(measurement.light.trusted, whole)
        alike = enlarged(measurement.light.alike, whole)
    face = correct_contrast(face, trusted, measurement.gain)
    if measurement.highlights is not None:
        face = with_highlights(face, measurement.highlights)
    if recipe.blend is not BlendMethod.MULTIBAND:
        return _PLAIN_BLENDS[recipe.blend](plate, face, matte)
    bands = recipe.coarse_from_plate if recipe.light is LightSource.BANDS else 0
    return blend_multiband(plate, face, matte, bands, alike=alike)
