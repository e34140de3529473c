"""Learn how the 51 landmarks follow from the mesh and how they move (`pecten.faces.points`), from true footage.

    python runs/make_landmark_table.py --footage FOLDER --out landmarks_51.npz [--without ada]

Reads FOLDER/performers (clips with .npz), never FOLDER/truth. `--without` leaves a performer out, to test that what is
learned is no performer's own. Everything is learned from the clips and their mirror images.

Offsets: ridge regression on the mesh's main modes in the normalised crop. Shape: least squares over all frames under
the known turns and a distant camera, each performer one share. Normals: of the mean mesh around each point.
Deformation: what is left of the true motion from frame to frame once an affine camera's view of a moving solid, fitted
mostly on the nose, is taken off.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from make_mean_face import MIRROR_68, about, mirrored_points

from pecten.benchmark.footage import read_footage
from pecten.faces import bundle, normalise
from pecten.faces.finding import Finder
from pecten.faces.follow import FaceOptions
from pecten.faces.mean import MEAN_MESH
from pecten.faces.points import COUNTERPARTS, PLACES
from pecten.footage.clip import open_clip
from pecten.geometry import similarity as sim

MODES, RIDGE = 40, 0.1
NEAR = 10
FRONTAL_RAD = 0.44
MIRROR_51 = np.array(MIRROR_68[17:]) - 17
RIGID_SAY = np.repeat([0.3, 2.0, 0.1, 0.05], [10, 9, 12, 20])
RIGID_SAY[[19, 22, 25, 28]] = 0.5


class Clip(NamedTuple):
    """Of one clip: whose it is, the mesh, the true 51 points in plate px, true yaw, pitch and roll."""

    who: str
    mesh: np.ndarray
    truth: np.ndarray
    turns: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--footage", type=Path, required=True, help="folder with performers/")
    parser.add_argument("--out", type=Path, required=True, help="npz file to write")
    parser.add_argument("--without", default="", help="performer to leave out")
    args = parser.parse_args()
    clips = [one for one in gather(args.footage) if one.who != args.without]
    np.savez_compressed(args.out, **{name: value.astype(np.float32) for name, value in learn(clips).items()})


def gather(footage: Path) -> list[Clip]:
    finder = Finder(FaceOptions(register=False))
    clips = []
    for take in read_footage(footage).performers:
        with np.load(take.truth) as arrays:
            turns = arrays["pose_rad_cm"][:, :3].astype(np.float64)
        faces = finder.find(open_clip(take.clip)).faces
        rows = [face.index for face in faces]
        mesh = np.stack([face.landmarks for face in faces])
        clips.append(Clip(take.source, mesh, take.landmarks()[rows, 17:], turns[rows]))
        print(take.clip.name, flush=True)
    return clips


def learn(clips: list[Clip]) -> dict[str, np.ndarray]:
    """Return the arrays of `FacePoints`."""
    solid = shape(clips)
    mean, modes, offsets = follow(clips)
    normals = np.stack([normal(point) for point in COUNTERPARTS])
    return {
        "mean": mean,
        "modes": modes,
        "offsets": offsets,
        "shape": solid,
        "normals": normals,
        "deformation": deformation(clips, solid),
    }


def follow(clips: list[Clip]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Regress the points' offsets from their counterparts on the mesh's main modes."""
    mirror = mirrored_points(MEAN_MESH[:, :2])
    meshes, wanted = [], []
    for clip in clips:
        fits = [normalise.crop_from_plate(one) for one in clip.mesh]
        mesh = np.stack([sim.apply(t, one) for t, one in zip(fits, clip.mesh, strict=True)])
        true = np.stack([sim.apply(t, one) for t, one in zip(fits, clip.truth, strict=True)])
        for seen, points in ((mesh, true), (flipped(mesh, mirror), flipped(true, MIRROR_51))):
            meshes.append(seen.reshape(len(seen), -1))
            wanted.append((points - seen[:, COUNTERPARTS]).reshape(len(seen), -1))
    x, y = np.concatenate(meshes), np.concatenate(wanted)
    mean = x.mean(axis=0)
    _, singular, axes = np.linalg.svd(x - mean, full_matrices=False)
    modes = axes[:MODES] * (30 * np.sqrt(len(x)) / singular[0])
    features = np.column_stack([np.ones(len(x)), (x - mean) @ modes.T])
    ridge = np.eye(MODES + 1) * RIDGE * len(x)
    ridge[0, 0] = 0
    return mean, modes, np.linalg.solve(features.T @ features + ridge, features.T @ y)


def flipped(points: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    return points[:, mirror] * [-1, 1] + [1024, 0]


def shape(clips: list[Clip], rounds: int = 10) -> np.ndarray:
    """Find the points in three dimensions from turns that are known."""
    found = []
    for who in sorted({one.who for one in clips}):
        mine = [one for one in clips if one.who == who]
        flat = np.concatenate([one.truth - one.truth.mean(axis=1, keepdims=True) for one in mine])
        flat /= np.linalg.norm(flat, axis=(1, 2), keepdims=True)
        turns = np.stack([rotation(turn) for one in mine for turn in one.turns])[:, :2]
        scales = np.ones(len(flat))
        for _ in range(rounds):
            system = (scales[:, None, None] * turns).reshape(-1, 3)
            solid = np.linalg.lstsq(system, flat.transpose(0, 2, 1).reshape(len(system), -1), rcond=None)[0].T
            seen = np.einsum("fij,nj->fni", turns, solid)
            scales = (seen * flat).sum(axis=(1, 2)) / (seen**2).sum(axis=(1, 2))
        to_mean = sim.fit_similarity(solid[:, :2], PLACES)
        deep = solid[:, 2] * sim.scale_of(to_mean)
        found.append(np.column_stack([sim.apply(to_mean, solid[:, :2]), deep - deep[10:14].mean()]))
    mean = np.mean(found, axis=0)
    return np.asarray((mean + mean[MIRROR_51] * [-1, 1, 1] + [1024, 0, 0]) / 2)


def rotation(turn: np.ndarray) -> np.ndarray:
    return about("y", turn[0]) @ about("x", -turn[1]) @ about("z", -turn[2])


def normal(point: int) -> np.ndarray:
    """Return the mean mesh's normal at a point: across the plane of its nearest neighbours, towards the viewer."""
    mesh = MEAN_MESH[:468]
    near = mesh[np.argsort(((mesh - mesh[point]) ** 2).sum(axis=1))[:NEAR]]
    across = np.linalg.svd(near - near.mean(axis=0))[2][2]
    return np.asarray(across * np.sign(across[2]))


def deformation(clips: list[Clip], solid: np.ndarray) -> np.ndarray:
    """Find the covariance of the points' own motion from frame to frame."""
    say = np.repeat(RIGID_SAY, 2)[:, None]
    steps = []
    for clip in clips:
        for t in np.flatnonzero(np.abs(clip.turns[:-1, 0]) < FRONTAL_RAD):
            fit = sim.fit_similarity(clip.truth[t], PLACES)
            before, after = sim.apply(fit, clip.truth[t]), sim.apply(fit, clip.truth[t + 1])
            depth = (solid - solid.mean(axis=0)) @ rotation(clip.turns[t])[2]
            rigid = bundle.rigid_motions(before, depth)
            motion = (after - before).ravel()
            part = np.linalg.solve((rigid * say).T @ rigid + 1e-3 * np.eye(8), (rigid * say).T @ motion)
            own = (motion - rigid @ part).reshape(-1, 2)
            steps += [own, own[MIRROR_51] * [-1, 1]]
    flat = np.stack(steps).reshape(len(steps), -1)
    return np.asarray(flat.T @ flat / len(flat))


if __name__ == "__main__":
    main()
