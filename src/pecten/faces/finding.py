"""Every face of every frame of a clip."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np

from pecten.devices import choose_device
from pecten.errors import FacesError
from pecten.faces import quality
from pecten.faces.ahead import Peeking, ahead
from pecten.faces.appearance import Album, put_right
from pecten.faces.detect import Box, Detection, Detector
from pecten.faces.follow import FaceOptions, Follower, Sighting
from pecten.faces.landmarks import FaceMesh
from pecten.faces.occlusion import Occlusion, covered_share
from pecten.faces.points import load_points
from pecten.faces.records import FaceFrame, Portrait, ShotFaces, runs
from pecten.faces.region import face_matte
from pecten.faces.register import Registrar
from pecten.faces.takeover import FRAMES, Shown, TakeoverFinder
from pecten.faces.track import CutFinder
from pecten.faces.turn import turn
from pecten.footage.clip import Clip, ClipInfo
from pecten.geometry import similarity as sim
from pecten.metrics.identity import Embedder
from pecten.types import ByteImage, Progress, silent

_MIXED = "mixed with another shot"


@dataclass(frozen=True, eq=False)
class Prepared:
    """A frame as the follower takes it.

    Attributes:
        index: In the clip.
        number: In its file or sequence.
        image: Display-coded.
        cut: Whether a new shot begins with it.
        detections: The faces that the detector sees; None where it was not run ahead.
        after_mixture: Whether the frame before mixes that shot with the last one.
    """

    index: int
    number: int
    image: ByteImage
    cut: bool
    detections: list[Detection] | None = None
    after_mixture: bool = False


@dataclass(frozen=True, eq=False)
class Followed:
    """What the follower found on a frame.

    Attributes:
        faces: By track, with their crops.
        reason: Why there is none when there is none.
    """

    faces: list[Shown]
    reason: str | None


class Finder:
    """Finds faces with networks that are loaded once.

    Args:
        options: How.
    """

    def __init__(self, options: FaceOptions) -> None:
        self._options = options
        self._detector = Detector()
        self._occlusion = Occlusion(fine=False)
        self._mesh = FaceMesh(options.threads, choose_device(options.device))

    def find(self, clip: Clip, progress: Progress = silent) -> ShotFaces:
        """Find and follow every face of a clip.

        Decoding, detection on key frames and judging run beside the following, each in its thread; the answer is the
        one that they give in turn, bit for bit.

        Args:
            clip: The clip.
            progress: Called after each frame, as stage "faces".
        Returns:
            Every face, its normalisation settled over the shot where it is registered, else as its own landmarks give
            it.
        Raises:
            FacesError: if no frame shows a face.
            FootageError: if the clip cannot be read to its end.
        """
        info, album, registrar, embedder = clip.info, Album(), Registrar(load_points()), Embedder()
        faces: list[FaceFrame] = []
        missing: list[tuple[int, str]] = []
        with closing(self._sighted(clip, embedder)) as sighted:
            for frame, followed in sighted:
                if frame.after_mixture:
                    faces = [replace(one, left_out=_MIXED) if one.index == frame.index - 1 else one for one in faces]
                if self._options.register:
                    registrar.see(frame.index, frame.image, [one for one, _ in followed.faces])
                seen = [self._judge(one, crop, frame) for one, crop in followed.faces]
                album.add(seen, [crop for _, crop in followed.faces])
                faces += seen
                if followed.reason is not None:
                    missing.append((frame.index, followed.reason))
                progress("faces", frame.index + 1, info.frame_count)
        if not faces:
            raise FacesError(
                f"{info.path}: no face in any of {len(missing)} frames; check that it is the right clip, upright, "
                f"and that the face is at least {self._options.gates.min_face_px:g} px wide"
            )
        if self._options.register:
            # By the tracks as they were followed, before any is put right.
            faces = registered(faces, registrar)
        kept, portraits = put_right(faces, album, embedder)
        return shot_of(info, kept, missing, tuple(portraits))

    def look_in(self, image: ByteImage, box: Box) -> Sighting | None:
        """Look for a face in a box of a picture; None where the mesh sees none."""
        return Follower(self._options, self._detector, self._mesh).look_in(image, box)

    def judge(self, one: Sighting, frame: Prepared) -> FaceFrame:
        """Make a record of a sighting."""
        return self._judge(one, _crop(frame, one), frame)

    def _judge(self, one: Sighting, crop: ByteImage, frame: Prepared) -> FaceFrame:
        pose = turn(frame.image, one.landmarks, one.crop_from_plate, self._detector)
        covered = self._covered(one, crop)
        why_not = self._options.gates.why_not(
            quality.face_width_px(one.landmarks),
            pose.yaw_rad,
            quality.blur(crop),
            one.spread_px,
            quality.outside(one.landmarks, frame.image.shape[1], frame.image.shape[0]),
            covered,
        )
        return FaceFrame(
            index=frame.index,
            number=frame.number,
            track=one.track,
            box=one.box,
            score=one.presence,
            # As precise as a record keeps them, so that what is read again equals what was found.
            landmarks=one.landmarks.astype(np.float32).astype(np.float64),
            spread_px=one.spread_px,
            crop_from_plate=one.crop_from_plate,
            yaw_rad=pose.yaw_rad,
            pitch_rad=pose.pitch_rad,
            roll_rad=pose.roll_rad,
            left_out=why_not,
            covered=covered,
        )

    def _covered(self, one: Sighting, crop: ByteImage) -> float:
        """Return the share of a face that something in front covers."""
        picture = crop.astype(np.float32) / np.float32(255)
        inside = sim.apply(sim.at_size(one.crop_from_plate, quality.BLUR_SIZE), one.landmarks)
        (visible,) = self._occlusion.visible(picture[None])
        return covered_share(visible, face_matte(inside, quality.BLUR_SIZE))

    def _sighted(self, clip: Clip, embedder: Embedder) -> Generator[tuple[Prepared, Followed], None, None]:
        if not self._options.overlap:
            return self._followed(self._detected(_prepared(clip)), embedder)
        return ahead(self._followed(ahead(self._detected(ahead(_prepared(clip)))), embedder))

    def _detected(self, frames: Iterator[Prepared]) -> Generator[Prepared, None, None]:
        """Run the detector on the frames that need it whatever the follower finds."""
        for frame in frames:
            due = frame.cut or frame.index % self._options.detect_every == 0
            found = self._detector.detect(frame.image) if due else None
            yield replace(frame, detections=found)

    def _followed(
        self, frames: Iterator[Prepared], embedder: Embedder
    ) -> Generator[tuple[Prepared, Followed], None, None]:
        follower = Follower(self._options, self._detector, self._mesh)
        takeovers = TakeoverFinder(embedder, self._covered)
        peeking = Peeking(frames)

        def follow(frame: Prepared, cut: bool) -> Followed:
            sightings, reason = follower.follow(frame.index, frame.image, cut, frame.detections)
            return Followed([(one, _crop(frame, one)) for one in sightings], reason)

        def later(one: Sighting) -> Iterator[Shown]:
            for frame in takewhile(lambda frame: not frame.cut, peeking.coming(FRAMES - 1)):
                found = follower.look_from(frame.image, one)
                if found is None:
                    return
                yield found, _crop(frame, found)
                one = found

        for frame in peeking:
            followed = follow(frame, frame.cut)
            if takeovers.is_takeover(followed.faces, later):
                followed = follow(frame, True)
                # Every track is new now: this only notes what they look like.
                takeovers.is_takeover(followed.faces, later)
            yield frame, followed


def _crop(frame: Prepared, one: Sighting) -> ByteImage:
    return quality.small_crop(frame.image, one.crop_from_plate)


def registered(faces: Sequence[FaceFrame], registrar: Registrar) -> list[FaceFrame]:
    """Settle the normalisation along each run of consecutive frames of each track by how the skin was seen to move."""
    result = list(faces)
    for run in runs(faces):
        first = faces[run[0]]
        transforms = registrar.normalisation(first.track, first.index, [faces[row].landmarks for row in run])
        for row, transform in zip(run, transforms, strict=True):
            result[row] = replace(faces[row], crop_from_plate=transform)
    return result


def _prepared(clip: Clip) -> Generator[Prepared, None, None]:
    cuts, view = CutFinder(), clip.info.view()
    for frame in clip.frames():
        image = view.display_bytes(frame.image)
        cut = cuts.is_cut(image)
        yield Prepared(frame.index, frame.number, image, cut, after_mixture=cuts.after_mixture)


def shot_of(
    info: ClipInfo, faces: list[FaceFrame], missing: list[tuple[int, str]], portraits: tuple[Portrait, ...]
) -> ShotFaces:
    """Put what was found in a clip together with what is known of it."""
    return ShotFaces(
        clip=info.path,
        width=info.width,
        height=info.height,
        rate=info.rate,
        frame_count=info.frame_count,
        first_number=info.first_number,
        encoding=info.encoding,
        faces=tuple(faces),
        missing=tuple(missing),
        portraits=portraits,
    )
