"""Reduce the ICT-FaceKit-Light head to the face that `pecten.baselines.morphable` fits (`assets/models/morphable.npz`).

    python runs/make_morphable.py --head HEAD.npz --faces FOLDER... --out morphable.npz

HEAD holds the vertices `base` (cm), `faces`, `uv`, `uv_faces`, `part`, `landmarks68`, and `identity` and `expression`
as differences; each FOLDER is a dataset of `pecten faces` of one performer, by whom the counterparts of the 478 mesh
points are found.

Kept: the skin's front, thinned to `VERTICES` by farthest points (eyes, nose and mouth twice as dense), triangulated in
the texture's plane, which closes eyes and mouth with a skin. A mesh point's counterpart is the vertex of least RMS
distance over all frames, fitted first by the 68 landmarks, then twice by all that were found.
"""

import argparse
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.spatial import Delaunay

from pecten.baselines.morphable import Morphable, fit_mesh
from pecten.dataset.crops import load_crops
from pecten.faces.mesh import LEFT_IRIS, MESH_POINTS, MESH_TO_68, OVAL, RIGHT_IRIS

VERTICES = 2400
CROP_PX = 512
FRONT_CM = {"y": (-11.0, 10.0), "x": 8.3, "z": 1.5}
FEATURES_CM = (5.5, -5.5, 6.5)
"""Eyes, nose and mouth: half their width, their lowest and highest point."""
WORST_CM = 0.35
UNSEEN = ("PupilDilate",)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--head", type=Path, required=True, help="npz file of the head")
    parser.add_argument("--faces", type=Path, required=True, nargs="+", help="datasets of performers")
    parser.add_argument("--every", type=int, default=10, help="frames between two that are used")
    parser.add_argument("--out", type=Path, required=True, help="npz file to write")
    args = parser.parse_args()
    whole, flat, rims = front(args.head)
    people = [load_crops(folder, CROP_PX, args.every).landmarks.astype(np.float64) for folder in args.faces]
    for _ in range(3):
        whole = counterparts(whole, people)
    kept = thinned(whole, np.unique([*whole.mesh_points[:, 1], *whole.landmarks_68, *np.flatnonzero(rims)]))
    small = reduced(whole, flat, rims, kept)
    report(small, people)
    arrays = {name: getattr(small, name).astype(np.float16) for name in ("mean", "identity", "expression")}
    integers = {
        name: getattr(small, name).astype(np.int16) for name in ("triangles", "openings", "mesh_points", "landmarks_68")
    }
    np.savez_compressed(args.out, **arrays, **integers)
    print(f"{args.out}: {len(small.mean)} vertices, {len(small.triangles)} triangles, {args.out.stat().st_size} bytes")


def front(head: Path) -> tuple[Morphable, np.ndarray, np.ndarray]:
    """Return the skin's front as a model that knows the 68 alone, its texture plane, and which vertices end it."""
    with np.load(head, allow_pickle=False) as arrays:
        base, skin = arrays["base"].astype(np.float64), arrays["part"] == 0
        corners, places = arrays["faces"][skin].astype(np.int64), arrays["uv_faces"][skin].astype(np.int64)
        names = [str(name) for name in arrays["expr_names"]]
        seen = [k for k, name in enumerate(names) if not name.startswith(UNSEEN)]
        real = corners >= 0
        flat = np.zeros((len(base), 2))
        flat[corners[real]] = arrays["uv"].astype(np.float64)[places[real]]
        x, y, z = base.T
        inside = (np.abs(x) < FRONT_CM["x"]) & (y > FRONT_CM["y"][0]) & (y < FRONT_CM["y"][1]) & (z > FRONT_CM["z"])
        belongs = np.zeros(len(base), bool)
        belongs[corners[real]] = True
        kept = np.flatnonzero(inside & belongs)
        rims = at_rims(corners, len(base))[kept]
        place = np.full(len(base), -1)
        place[kept] = np.arange(len(kept))
        landmarks = place[arrays["landmarks68"].astype(np.int64)]
        pairs = np.column_stack([np.array(MESH_TO_68), landmarks])
        # The jaw's counterparts slide with the turn.
        model = Morphable(
            base[kept],
            arrays["identity"][:, kept].astype(np.float64),
            arrays["expression"][seen][:, kept].astype(np.float64),
            np.zeros((0, 3), np.int64),
            np.zeros(0, np.int64),
            pairs[17:],
            landmarks,
        )
    return model, flat[kept], rims


def at_rims(polygons: np.ndarray, count: int) -> np.ndarray:
    """Say which vertices lie on an edge of one polygon alone: around eyes and mouth, and the skin's outer border."""
    edges = [
        tuple(sorted(edge))
        for polygon in polygons.tolist()
        for edge in pairwise([*(v for v in polygon if v >= 0), polygon[0]])
    ]
    rim = np.zeros(count, bool)
    rim[[v for edge, times in Counter(edges).items() if times == 1 for v in edge]] = True
    return rim


def counterparts(model: Morphable, people: list[np.ndarray]) -> Morphable:
    """Find the vertex nearest to each mesh point over all frames of all people."""
    squares = np.zeros((MESH_POINTS, len(model.mean)))
    for seen in people:
        fit = fit_mesh(model, seen)
        posed = model.posed(fit)[..., :2]
        for k in range(len(seen)):
            apart = seen[k][:, None] - posed[k][None]
            squares += (apart**2).sum(axis=-1) / fit.scale[k] ** 2
    squares /= sum(len(seen) for seen in people)
    best, rms = squares.argmin(axis=1), np.sqrt(squares.min(axis=1))
    # The oval lies where the head's outline is seen, not on the skin; irises are no skin.
    off = {*OVAL, *LEFT_IRIS, *RIGHT_IRIS}
    found = [p for p in range(MESH_POINTS) if p not in off and rms[p] < WORST_CM]
    print(f"{len(found)} counterparts, RMS {rms[found].mean():.3f} cm", flush=True)
    return replace(model, mesh_points=np.column_stack([found, best[found]]))


def thinned(model: Morphable, first: np.ndarray) -> np.ndarray:
    """Choose vertices far from each other, beginning with some that must stay."""
    half, low, high = FEATURES_CM
    feature = (np.abs(model.mean[:, 0]) < half) & (model.mean[:, 1] > low) & (model.mean[:, 1] < high)
    kept = list(first)
    away = np.min([np.linalg.norm(model.mean - model.mean[v], axis=1) for v in kept], axis=0)
    while len(kept) < VERTICES:
        kept.append(int(np.argmax(away * np.where(feature, 2.0, 1.0))))
        away = np.minimum(away, np.linalg.norm(model.mean - model.mean[kept[-1]], axis=1))
    return np.sort(kept)


def reduced(model: Morphable, flat: np.ndarray, rims: np.ndarray, kept: np.ndarray) -> Morphable:
    """Keep some vertices and cover them with triangles; those with all corners on a rim close an opening."""
    triangles = Delaunay(flat[kept]).simplices.astype(np.int64)
    a, b, c = (flat[kept][triangles[:, k]] for k in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    triangles[ux * vy < uy * vx] = triangles[ux * vy < uy * vx][:, ::-1]
    longest = np.max([np.linalg.norm(p - q, axis=1) for p, q in ((a, b), (b, c), (c, a))], axis=0)
    triangles = triangles[longest < 0.12]
    place = np.full(len(model.mean), -1)
    place[kept] = np.arange(len(kept))
    points = np.column_stack([model.mesh_points[:, 0], place[model.mesh_points[:, 1]]])
    return Morphable(
        model.mean[kept],
        model.identity[:, kept],
        model.expression[:, kept],
        triangles,
        np.flatnonzero(rims[kept][triangles].all(axis=1)),
        points,
        place[model.landmarks_68],
    )


def report(model: Morphable, people: list[np.ndarray]) -> None:
    for seen in people:
        fit = fit_mesh(model, seen)
        points, vertices = model.mesh_points.T
        apart = np.linalg.norm(model.posed(fit)[:, vertices, :2] - seen[:, points], axis=-1) / fit.scale[:, None]
        print(f"fit: {np.sqrt((apart**2).mean()):.3f} cm RMS, identity {np.abs(fit.identity).mean():.2f} on average")


if __name__ == "__main__":
    main()
