"""What is learnt of latents, on latents of which everything is known; its file; and `pecten comb latent`."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cli_support import Studio, copy, pecten
from comb_helpers import untaught
from pecten.comb.latent import ATTRIBUTES, LatentRecord, learn_latents
from pecten.comb.latent_file import latent_file, load_latents, save_latents
from pecten.comb.latent_folder import LatentFolder
from pecten.comb.weights import load_comb, save_comb
from pecten.errors import CombError
from pecten.faces.spans import spans

Capture = pytest.CaptureFixture[str]
WIDTH = 16
DIRECTIONS = np.random.default_rng(7).standard_normal((4, WIDTH))
OFFSETS = {"ada": np.full(WIDTH, 3.0), "bruno": np.linspace(-2, 2, WIDTH)}


def attributes(seed: int, count: int = 200) -> np.ndarray:
    """Performances that change smoothly, each attribute in units of its own."""
    steps = np.random.default_rng(seed).standard_normal((count + 8, 4))
    smooth = np.stack([np.convolve(column, np.ones(9) / 3, "valid") for column in steps.T], axis=1)
    return smooth * [0.1, 0.05, 0.08, 0.02] + [0.0, 0.5, 0.1, 0.3]


def encode(identity: str, described: np.ndarray, seed: int = 0) -> np.ndarray:
    units = (described - [0.0, 0.5, 0.1, 0.3]) / [0.1, 0.05, 0.08, 0.02]
    noise = 0.05 * np.random.default_rng(seed).standard_normal((len(described), WIDTH))
    return OFFSETS[identity] + units @ DIRECTIONS + noise


def known() -> LatentRecord:
    described = {"ada": attributes(1), "bruno": attributes(2)}
    return learn_latents({name: encode(name, rows) for name, rows in described.items()}, described)


def test_directions_and_identities_are_told_apart() -> None:
    record = known()
    found = record.directions / record.spread[:, None]
    wanted = DIRECTIONS / np.array([[0.1], [0.05], [0.08], [0.02]])
    cosines = (found * wanted).sum(1) / np.linalg.norm(found, axis=1) / np.linalg.norm(wanted, axis=1)
    assert cosines.min() > 0.99
    apart = record.territories["ada"].offset - record.territories["bruno"].offset
    assert np.abs(apart - (OFFSETS["ada"] - OFFSETS["bruno"])).max() < 0.3


def test_an_edit_moves_one_attribute_by_its_own_spread() -> None:
    record = known()
    assert np.allclose(record.edit({"mouth": 2.0}), 2 * record.directions[2])
    assert np.allclose(record.edit({"mouth": 1.0, "yaw": -1.0}), record.directions[2] - record.directions[0])
    with pytest.raises(CombError, match="choose among yaw, pitch, mouth, eyes"):
        record.edit({"age": 1.0})


def test_another_persons_same_performance_is_inside_and_a_wilder_one_is_not() -> None:
    record = known()
    same = attributes(3)
    assert (record.beyond("ada", encode("bruno", same, 5), same) > 1).mean() < 0.06
    wild = same.copy()
    wild[80:100, 2] += 0.9
    ratios = record.beyond("ada", encode("bruno", wild, 5), wild)
    assert (ratios[80:100] > 1).all()
    assert (np.delete(ratios, np.s_[80:100]) > 1).mean() < 0.06


def test_what_has_no_attribute_is_noticed_too() -> None:
    record, same = known(), attributes(3)
    latents = encode("bruno", same, 5)
    latents[10] += 4 * np.random.default_rng(9).standard_normal(WIDTH)
    ratios = record.beyond("ada", latents, same)
    assert ratios[10] > 1.5
    assert ratios.argmax() == 10


def test_few_frames_are_enough_to_go_on() -> None:
    described = {"ada": attributes(1, 3)}
    record = learn_latents({"ada": encode("ada", described["ada"])}, described)
    assert np.isfinite(record.beyond("ada", encode("ada", described["ada"]), described["ada"])).all()


def test_one_frame_is_enough_to_go_on() -> None:
    described = {name: attributes(k, 1) for k, name in enumerate(OFFSETS)}
    record = learn_latents({name: encode(name, rows) for name, rows in described.items()}, described)
    assert np.isfinite(record.directions).all()


def test_a_performer_joins_what_is_known_of_others() -> None:
    record, rows = known(), attributes(3)
    told = {"dana": encode("bruno", rows) + 1}
    grown = record.joined_by(told, {"dana": rows})
    assert set(grown.territories) == {"ada", "bruno", "dana"}
    assert grown.territories["ada"] is record.territories["ada"]
    np.testing.assert_allclose(grown.territories["dana"].offset, OFFSETS["bruno"] + 1, atol=1)
    assert np.median(grown.beyond("dana", told["dana"], rows)) < 1


def test_a_record_is_read_for_its_own_encoder_alone(tmp_path: Path) -> None:
    comb, record = untaught(), known()
    path = tmp_path / "comb.safetensors"
    save_comb(path, comb)
    assert load_latents(path, comb) is None
    save_latents(latent_file(path), record, comb)
    held = load_latents(tmp_path, comb)
    assert held is not None
    assert np.allclose(held.directions, record.directions, atol=1e-6)
    assert held.territories["bruno"].reach == record.territories["bruno"].reach
    same = attributes(3)
    latents = encode("bruno", same)
    assert np.allclose(held.beyond("ada", latents, same), record.beyond("ada", latents, same), rtol=1e-3)
    weight = next(iter(comb.encoder.parameters()))
    weight += 1
    assert load_latents(path, comb) is None
    latent_file(path).write_bytes(latent_file(path).read_bytes()[:-3])
    with pytest.raises(CombError, match="damaged"):
        load_latents(path, comb)


def test_latents_are_drawn_judged_and_kept_beside_the_comb(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    comb = copy(studio.comb, tmp_path / "comb")
    out = tmp_path / "latent"
    words = ("comb", "latent", comb, studio.ada, studio.chidi, "-o", out, "--source", "ada", "--threads", 1)
    assert pecten(capfd, *words, "-n").out.startswith("would draw the latents of ada, chidi")
    assert not out.exists()
    done = pecten(capfd, *words)
    assert done.code == 0, done.err
    said = done.out.splitlines()
    assert said[0] == f"wrote {out / 'latent.png'} and {comb / 'comb.latent.safetensors'}"
    assert said[1].startswith("ada and chidi: neighbours mix ")
    assert (out / "latent.png").is_file()
    assert (out / "directions_ada.png").is_file()
    figures = json.loads((out / "latent.json").read_text())
    beyond = figures["beyond"]["chidi on ada"]["beyond"]
    assert (out / "beyond_ada_chidi.png").is_file() == bool(beyond)
    record = load_latents(comb, load_comb(comb))
    assert record is not None
    assert set(record.territories) == {"ada", "chidi"}
    # It goes with the encoder, wherever that goes.
    assert pecten(capfd, "comb", "keep", comb, "ada", "-o", tmp_path / "one.safetensors", "--half").code == 0
    kept = load_latents(tmp_path / "one.safetensors", load_comb(tmp_path / "one.safetensors"))
    assert kept is not None
    assert np.array_equal(kept.directions, record.directions)


def test_only_pictures_of_the_last_run_stay(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    out = tmp_path / "latent"
    words = (
        "comb",
        "latent",
        copy(studio.comb, tmp_path / "comb"),
        studio.ada,
        studio.chidi,
        "-o",
        out,
        "--threads",
        1,
    )
    assert pecten(capfd, *words).code == 0
    both = set(json.loads((out / "latent.json").read_text())["pictures"])
    assert {"latent.png", "directions_ada.png", "directions_chidi.png"} <= both
    mine = ["directions_for_the_set.png", "beyond_ada_words.png", "notes.txt"]
    for name in mine:
        (out / name).write_text("of somebody else")
    assert pecten(capfd, *words, "--source", "ada").code == 0
    kept = json.loads((out / "latent.json").read_text())["pictures"]
    assert "directions_chidi.png" not in kept
    assert {path.name for path in out.iterdir()} == {*kept, *mine, "latent.json"}


def test_pictures_are_known_by_older_figures_and_by_nothing_worse(tmp_path: Path) -> None:
    out, away = tmp_path / "latent", tmp_path / "beyond_x.png"
    older = {"overlap": [], "beyond": {"bruno on ada": {}, "ada on bruno": {}}}
    names = ("directions_ada.png", "directions_bruno.png", "beyond_bruno_ada.png", "holiday.png")
    for figures, left in (
        (json.dumps(older), {"directions_ada.png", "holiday.png"}),
        (json.dumps({"pictures": ["../beyond_x.png", "holiday.png", "beyond_/../../beyond_x.png"]}), set(names)),
        ("[]", set(names)),
        ("no JSON", set(names)),
        ('{"pictures": [3]}', set(names)),
    ):
        out.mkdir(exist_ok=True)
        for path in (*(out / name for name in names), away):
            path.write_bytes(b"")
        (out / "latent.json").write_text(figures)
        folder = LatentFolder(out)
        folder.draw("directions_ada.png", np.zeros((4, 4, 3), np.uint8))
        folder.finish({})
        assert {path.name for path in out.iterdir()} == left | {"latent.json"}
        assert away.is_file()


def test_an_edited_swap_differs_and_frames_outside_are_named(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    comb = copy(studio.comb, tmp_path / "comb")
    words = ("swap", studio.plate, "--comb", comb, "--source", "chidi", "--engine", "torch", "--frames", "0-5")
    without = pecten(capfd, *words, "-o", tmp_path / "a.mkv", "--edit", "mouth=2")
    assert "no record of its latents: make it with `pecten comb latent`" in without.complaint
    assert pecten(capfd, "comb", "latent", comb, studio.ada, studio.chidi, "-o", tmp_path / "l").code == 0
    loaded = load_comb(comb)
    record = load_latents(comb, loaded)
    assert record is not None
    narrow = {name: replace(one, reach=1e-3) for name, one in record.territories.items()}
    save_latents(latent_file(comb), replace(record, territories=narrow), loaded)
    plain = pecten(capfd, *words, "-o", tmp_path / "b.mkv")
    edited = pecten(capfd, *words, "-o", tmp_path / "c.mkv", "--edit", "mouth=2", "--faces", tmp_path / "b.faces")
    assert (plain.code, edited.code) == (0, 0), plain.err + edited.err
    assert f"6 of 6 faces show what chidi was not trained on (frames {spans(range(6))}): look at them" in plain.out
    assert (tmp_path / "b.mkv").read_bytes() != (tmp_path / "c.mkv").read_bytes()


def test_mistakes_are_one_line(studio: Studio, tmp_path: Path, capfd: Capture) -> None:
    def complaint(*words: object) -> str:
        return pecten(capfd, "comb", "latent", studio.comb, *words, "-o", tmp_path / "o").complaint

    assert "two folders of one performer" in complaint(studio.ada, studio.ada)
    assert "give the folder of the faces that chidi was trained on" in complaint(studio.ada, "-s", "chidi")
    assert "no identity dana" in complaint(studio.ada, "-s", "dana")
    assert len(ATTRIBUTES) == 4
