"""Every shipped file is named, hashed and licensed; damage is noticed."""

import json
from pathlib import Path

import pytest

from pecten import assets
from pecten.errors import PectenError


def test_the_table_names_every_shipped_model() -> None:
    table = assets.origins()
    shipped = {f"models/{path.name}" for path in (assets.folder() / "models").iterdir()}
    assert shipped <= set(table)
    for name, entry in table.items():
        assert assets.asset(name).is_file()
        assert entry["origin"]
        assert entry["licence"]


def _root(tmp_path: Path) -> Path:
    (tmp_path / "x.bin").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    table = {"version": 1, "files": {"x.bin": {"origin": "here", "licence": "CC0-1.0", "sha256": digest}}}
    (tmp_path / assets.ORIGINS).write_text(json.dumps(table), encoding="utf-8")
    return tmp_path


def test_a_whole_file_is_found(tmp_path: Path) -> None:
    assert assets.asset("x.bin", _root(tmp_path)).read_bytes() == b"abc"


@pytest.mark.parametrize(("name", "content", "says"), [("x.bin", b"abd", "damaged"), ("y.bin", b"abc", "not in")])
def test_a_damaged_or_unknown_file_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    root = _root(tmp_path)
    (root / "x.bin").write_bytes(content)
    with pytest.raises(PectenError, match=says):
        assets.asset(name, root)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    root = _root(tmp_path)
    (root / "x.bin").unlink()
    with pytest.raises(PectenError, match="missing"):
        assets.asset("x.bin", root)
