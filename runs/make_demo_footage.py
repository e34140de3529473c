"""Cut the footage that ships with Pecten from the full clips of the synthetic performers.

    python runs/make_demo_footage.py FOOTAGE src/pecten/assets/demo

FOOTAGE holds `performers/` and `truth/`. What is written: a plate of bruno with sound and timecode, ada's own
performance of the same lines and the true swap (the two answers to measure against), and one training clip of each
performer at half size. The result is at most 12 MB.
"""

import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

PLATE_SHOT = "interview901"
RATE = Fraction(25)
TRAINING_SHOTS = {"ada": "interview101", "bruno": "interview102", "chidi": "interview103"}


def decode(path: Path) -> Iterator[np.ndarray]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24", src_colorspace="ITU709")


def hum(seconds: float, sample_rate: int = 48000) -> np.ndarray:
    """A soft two-tone with a click a second, so that a slip of sound against picture can be heard."""
    t = np.arange(int(seconds * sample_rate)) / sample_rate
    tone = 0.04 * np.sin(2 * np.pi * 220 * t) + 0.03 * np.sin(2 * np.pi * 277.18 * t)
    click = 0.3 * np.exp(-((t % 1.0) * 400)) * np.sin(2 * np.pi * 1000 * t)
    return ((tone + click) * 32767).astype(np.int16)[None, :]


def encode(frames: list[np.ndarray], out: Path, rate: Fraction, crf: int, sound: bool = False) -> None:
    height, width = frames[0].shape[:2]
    with av.open(str(out), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = {"crf": str(crf), "preset": "veryslow", "tune": "grain"}
        context = video.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.color_range = 1
        if sound:
            container.metadata["timecode"] = video.metadata["timecode"] = "01:00:00:00"
            audio = container.add_stream("aac", rate=48000, layout="mono")
        for image in frames:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
                format="yuv420p", src_colorspace="ITU709", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            frame.colorspace, frame.color_primaries, frame.color_trc = 1, 1, 1
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound:
            block = av.AudioFrame.from_ndarray(hum(len(frames) / float(rate)), format="s16", layout="mono")
            block.sample_rate = 48000
            container.mux(audio.encode(block))
            container.mux(audio.encode(None))


def main(footage: Path, out: Path) -> None:
    (out / "truth").mkdir(parents=True, exist_ok=True)
    (out / "performers").mkdir(exist_ok=True)
    jobs = {"plate": f"bruno_{PLATE_SHOT}", "ada": f"ada_{PLATE_SHOT}", "ada_on_bruno": f"ada_on_bruno_{PLATE_SHOT}"}
    for role, name in jobs.items():
        target = out / ("bruno_plate.mp4" if role == "plate" else f"truth/{role}.mp4")
        encode(list(decode(footage / "truth" / f"{name}.mp4")), target, RATE, 19, sound=role == "plate")
    region = list(decode(footage / "truth" / f"ada_on_bruno_{PLATE_SHOT}_face.mp4"))
    encode(region, out / "truth/ada_on_bruno_face.mp4", RATE, 20)
    for performer, shot in TRAINING_SHOTS.items():
        frames = decode(footage / "performers" / f"{performer}_{shot}.mp4")
        small = [cv2.resize(image, (640, 360), interpolation=cv2.INTER_AREA) for image in frames]
        encode(small, out / "performers" / f"{performer}_{shot}.mp4", RATE, 18)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
