"""Derive the mean face (`pecten.faces.mean`) and the mesh's counterparts of the 68 landmarks from true footage.

    python runs/make_mean_face.py --footage FOLDER

Reads FOLDER/performers (clips with .npz), prints how far the shipped tables are from what this footage gives, and with
`--out FILE.npz` keeps the result: `mesh` (478, 3) in px of a crop of 1024, `mirror` (478), `to_68` (68).

Across: the mean of each performer's frontal frames after similarity alignment, one share a performer, made symmetric.
Depth: least squares over all frames under the known turns and a distant camera. Mirror: optimal assignment of the mean
to its mirror image. Counterparts: the mesh point of least RMS distance, alike on both sides.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from pecten.benchmark.footage import read_footage
from pecten.faces.finding import Finder
from pecten.faces.follow import FaceOptions
from pecten.faces.mean import MEAN_MESH
from pecten.faces.mesh import MESH_TO_68
from pecten.footage.clip import open_clip
from pecten.geometry import similarity as sim

IRISES = np.array([[368.0, 414.0], [656.0, 414.0]])
RIGHT_IRIS, LEFT_IRIS = slice(468, 473), slice(473, 478)
FRONTAL_RAD = (0.12, 0.15)
MIRROR_68 = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
    41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--footage", type=Path, required=True, help="folder with performers/")
    parser.add_argument("--every", type=int, default=4, help="frames between two that are used")
    parser.add_argument("--out", type=Path, help="npz file to write")
    args = parser.parse_args()
    who, mesh, truth, poses = gather(args.footage, args.every)
    frontal = (np.abs(poses[:, 0]) < FRONTAL_RAD[0]) & (np.abs(poses[:, 1]) < FRONTAL_RAD[1])
    flat = aligned_mean(np.stack([aligned_mean(mesh[frontal & (who == name)]) for name in sorted(set(who))]))
    flat = sim.apply(on_irises(flat), flat)
    mirror = mirrored_points(flat)
    flat = (flat + reflected(flat, mirror)) / 2
    solid = np.column_stack([flat, depth(mesh, poses, mirror)])
    to_68 = counterparts(flat, mesh[frontal], truth[frontal], mirror)
    apart = np.linalg.norm(solid[:, :2] - MEAN_MESH[:, :2], axis=1)
    print(f"{len(mesh)} frames, {int(frontal.sum())} frontal")
    print(f"shipped mean face against this one: {apart.mean():.2f} px across (most {apart.max():.2f}) of 1024,")
    print(f"  depth {np.abs(solid[:, 2] - MEAN_MESH[:, 2]).mean():.2f} px")
    print(f"shipped counterparts of the 68: {int((np.array(to_68) != MESH_TO_68).sum())} others here")
    if args.out:
        np.savez(args.out, mesh=solid, mirror=mirror, to_68=np.array(to_68))


def gather(footage: Path, every: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return whose face it is, the mesh, the true 68 points and the true yaw, pitch and roll of every n-th frame."""
    rows: list[tuple[str, np.ndarray, np.ndarray, np.ndarray]] = []
    finder = Finder(FaceOptions(register=False))
    for take in read_footage(footage).performers:
        true = take.landmarks()
        with np.load(take.truth) as arrays:
            turns = arrays["pose_rad_cm"][:, :3].astype(np.float64)
        found = [face for face in finder.find(open_clip(take.clip)).faces if face.index % every == 0]
        rows += [(take.source, face.landmarks, true[face.index], turns[face.index]) for face in found]
        print(take.clip.name, flush=True)
    who, mesh, truth, poses = zip(*rows, strict=True)
    return np.array(who), np.stack(mesh), np.stack(truth), np.stack(poses)


def aligned_mean(shapes: np.ndarray, rounds: int = 10) -> np.ndarray:
    """Average shapes (n, points, 2) after aligning each to their mean (generalised Procrustes)."""
    mean = shapes[0]
    for _ in range(rounds):
        mean = np.mean([sim.apply(sim.fit_similarity(one, mean), one) for one in shapes], axis=0)
    return mean


def on_irises(points: np.ndarray) -> np.ndarray:
    """Return the similarity that brings the irises to their places in the crop."""
    seen = np.stack([points[part, :2].mean(axis=0) for part in (RIGHT_IRIS, LEFT_IRIS)])
    return sim.fit_similarity(seen, IRISES)


def reflected(points: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    return points[mirror] * [-1, 1] + [2 * IRISES[:, 0].mean(), 0]


def mirrored_points(flat: np.ndarray) -> np.ndarray:
    """Pair each point of a face with the one on its other side."""
    other = flat * [-1, 1] + [2 * IRISES[:, 0].mean(), 0]
    _, mirror = linear_sum_assignment(((other[:, None] - flat[None]) ** 2).sum(axis=-1))
    return np.asarray(mirror)


def depth(mesh: np.ndarray, poses: np.ndarray, mirror: np.ndarray, rounds: int = 8) -> np.ndarray:
    """Find the points' depth in px of the crop, from the irises towards the viewer, from turns that are known."""
    rotations = np.stack([about("y", p[0]) @ about("x", -p[1]) @ about("z", -p[2]) for p in poses])[:, :2]
    flat = mesh - mesh.mean(axis=1, keepdims=True)
    scales = np.ones(len(mesh))
    solid = np.zeros((3, mesh.shape[1]))
    for _ in range(rounds):
        system = (scales[:, None, None] * rotations).reshape(-1, 3)
        solid = np.linalg.lstsq(system, flat.transpose(0, 2, 1).reshape(len(system), -1), rcond=None)[0]
        seen = np.einsum("fij,jn->fni", rotations, solid)
        scales = (seen * flat).sum(axis=(1, 2)) / (seen**2).sum(axis=(1, 2))
        scales /= scales.mean()
    points = solid.T
    deep = points[:, 2] * sim.scale_of(on_irises(points))
    deep = (deep + deep[mirror]) / 2
    return np.asarray(deep - deep[[468, 473]].mean())


def about(axis: str, turn: float) -> np.ndarray:
    c, s = np.cos(turn), np.sin(turn)
    rows = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    return np.array(rows[axis])


def counterparts(flat: np.ndarray, mesh: np.ndarray, truth: np.ndarray, mirror: np.ndarray) -> list[int]:
    """Find the mesh point nearest to each of the 68 landmarks, the same on both sides."""
    to_mean = [sim.fit_similarity(one, flat) for one in mesh]
    seen = np.stack([sim.apply(t, one)[:468] for t, one in zip(to_mean, mesh, strict=True)])
    wanted = np.stack([sim.apply(t, one) for t, one in zip(to_mean, truth, strict=True)])
    squares = ((wanted[:, :, None] - seen[:, None]) ** 2).sum(axis=-1).mean(axis=0)
    squares = squares + squares[list(MIRROR_68)][:, mirror[:468]]
    own = mirror[:468] == np.arange(468)
    # What lies on the middle line is its own mirror image.
    for k in (k for k in range(68) if MIRROR_68[k] == k):
        squares[k, ~own] = np.inf
    return [int(row.argmin()) for row in squares]


if __name__ == "__main__":
    main()
