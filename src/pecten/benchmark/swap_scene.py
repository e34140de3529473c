"""Footage made ready: performers' crops to learn from, faces of the shots, and the true answers as crops."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pecten.benchmark.footage import Take, check_swap
from pecten.benchmark.swap_cache import Cache, key_of, read_pictures, unit, write_pictures
from pecten.benchmark.swap_plan import Plan, Scene
from pecten.dataset.crops import CropSet, load_crops
from pecten.errors import FacesError
from pecten.faces.extract import extract_dataset, find_faces
from pecten.faces.follow import FaceOptions
from pecten.faces.records import FaceFrame, ShotFaces
from pecten.faces.region import face_matte
from pecten.faces.shown import part_around
from pecten.footage.clip import Clip, open_clip, stamp_of
from pecten.geometry import similarity
from pecten.types import Affine, Image, Mask, Progress, silent

FACES = FaceOptions()


@dataclass(frozen=True, eq=False)
class Sighted:
    """A clip and the face that it is about.

    Attributes:
        clip: The clip.
        shot: Of that face alone.
        faces: The same by frame.
        stamp: Changes with the clip.
    """

    clip: Clip
    shot: ShotFaces
    faces: Mapping[int, FaceFrame]
    stamp: list[object]


@dataclass(frozen=True, eq=False)
class Ready:
    """A scene made ready to be judged.

    Attributes:
        scene: The pair and the shot.
        plate: The target's clip.
        answer: The source's own.
        frames: That are judged; every clip shows a face on them.
        plates: Folder of the plate's crops.
        answers: Folder of the source's own crops.
        regions: Folder of pictures of where those hold.
        swaps: Folder of the true swap's crops in the plate's normalisation; None without one.
        swap_regions: Folder of pictures of where those hold; None without one.
    """

    scene: Scene
    plate: Sighted
    answer: Sighted
    frames: tuple[int, ...]
    plates: Path
    answers: Path
    regions: Path
    swaps: Path | None
    swap_regions: Path | None


def sight(path: str | Path, cache: Cache, name: str, progress: Progress = silent) -> Sighted:
    """Find the face of a clip, or read what an earlier run found.

    Args:
        path: Of the clip.
        cache: Keeps what is found.
        name: Of the record.
        progress: Told after every frame.
    Raises:
        FacesError: if it shows none.
    """
    clip = open_clip(path)
    kept = cache.place("found", name) / "found.json"
    found = find_faces(clip, FACES, lambda _, done, total: progress(f"faces of {name}", done, total), kept)
    track = found.main_track()
    if track is None:
        raise FacesError(f"{path}: no face found: choose another clip")
    alone = found.only_tracks((track,))
    stamp: list[object] = [str(path), *stamp_of(clip.info)]
    return Sighted(clip, alone, {face.index: face for face in alone.faces}, stamp)


def datasets(plan: Plan, cache: Cache, size: int, progress: Progress = silent) -> dict[str, CropSet]:
    """Cut the crops that performers are taught by; clips of truth/ are never among them.

    Args:
        plan: Whom.
        cache: Keeps them.
        size: Largest side that a method needs, in px.
        progress: Told on the way.
    """
    held = {}
    for person in plan.people:
        folder = cache.place("faces", f"{person}-{size}")
        clips = [open_clip(take.clip) for take in plan.clips_of(person)]

        def told(stage: str, done: int, total: int, person: str = person) -> None:
            progress(f"{person} {stage}", done, total)

        # What is found in a clip does not depend on the crops' size.
        extract_dataset(clips, person, folder, size, FACES, told, beside=cache.place("found", person))
        held[person] = load_crops(folder, size)
    return held


def check_scenes(scenes: Sequence[Scene]) -> None:
    """See that the truth of scenes is whole, before anything is taught.

    Raises:
        FootageError: if a clip or its truth is damaged, or knows fewer frames than are judged.
    """
    for scene in scenes:
        if scene.swap is not None:
            check_swap(scene.swap, scene.plate, scene.answer)
    for take in dict.fromkeys(take for scene in scenes for take in (scene.answer, scene.swap) if take is not None):
        take.check_truth()
        take.check_region()


def ready(plan: Plan, scene: Scene, cache: Cache, progress: Progress = silent) -> Ready:
    """Make a scene ready.

    Raises:
        FacesError: if there is no frame on which all its clips show a face.
    """
    plate, answer = (sight(take.clip, cache, take.clip.stem, progress) for take in (scene.plate, scene.answer))
    count = min(plate.clip.info.frame_count, answer.clip.info.frame_count)
    frames = tuple(i for i in plan.chosen(count) if i in plate.faces and i in answer.faces)
    if not frames:
        raise FacesError(f"{scene.name}: no frame on which both clips show a face: choose another shot")
    cutter = _Cutter(cache, frames, plan.size)
    return Ready(
        scene,
        plate,
        answer,
        frames,
        cutter.cut("plate", scene.plate, plate),
        cutter.cut("answer", scene.answer, answer),
        cutter.regions(scene.answer, answer),
        None if scene.swap is None else cutter.cut("swap", scene.swap, plate),
        None if scene.swap is None else cutter.regions(scene.swap, plate),
    )


def read_regions(folder: Path, frames: Sequence[int]) -> list[Mask]:
    """Read where each of a folder's answers holds."""
    return [unit(picture)[..., 1].copy() for picture in read_pictures(folder, frames)]


@dataclass(frozen=True)
class _Cutter:
    """Cuts the crops of a scene, and keeps them."""

    cache: Cache
    frames: tuple[int, ...]
    size: int

    def cut(self, kind: str, take: Take, by: Sighted) -> Path:
        """Cut a take's pictures."""
        key = key_of(kind, *_stamp(take.clip), by.stamp, self.frames, self.size)
        return self.cache.made(kind, key, lambda folder: self._cut(folder, take, by))

    def regions(self, take: Take, by: Sighted) -> Path:
        """Draw where a take's pictures hold: the face, as far as the region goes where one is given."""
        region = None if take.region is None else _stamp(take.region)
        key = key_of("region", region, by.stamp, self.frames, self.size)
        return self.cache.made("region", key, lambda folder: self._draw(folder, take, by))

    def _cut(self, folder: Path, take: Take, by: Sighted) -> None:
        cut = displayed(open_clip(take.clip), self.frames, by.faces, self.size)
        write_pictures(folder, dict(zip(self.frames, cut, strict=True)))

    def _draw(self, folder: Path, take: Take, by: Sighted) -> None:
        mattes = [matte_of(by.faces[frame], self.size) for frame in self.frames]
        if take.region is not None:
            shown = displayed(open_clip(take.region), self.frames, by.faces, self.size)
            mattes = [matte * one[..., 1].clip(0, 1) for matte, one in zip(mattes, shown, strict=True)]
        drawn = zip(self.frames, mattes, strict=True)
        write_pictures(folder, {frame: np.repeat(matte[..., None], 3, axis=2) for frame, matte in drawn})


def _stamp(path: Path) -> list[object]:
    return [str(path), stamp_of(open_clip(path).info)]


def displayed(clip: Clip, frames: Sequence[int], faces: Mapping[int, FaceFrame], size: int) -> Iterator[Image]:
    """Cut the normalised crop of chosen frames, display-coded.

    Args:
        clip: The clip.
        frames: Ascending indices.
        faces: By frame.
        size: Side, in px.
    """
    view, wanted = clip.info.view(), set(frames)
    for frame in clip.frames(frames[0], frames[-1] + 1):
        if frame.index in wanted:
            yield part_around(frame.image, faces[frame.index].crop_from_plate, view).crop(size)


def matte_of(face: FaceFrame, size: int) -> Mask:
    """Draw a face in its normalised crop of `size` px."""
    onto: Affine = similarity.at_size(face.crop_from_plate, size)
    return face_matte(similarity.apply(onto, face.landmarks), size)
