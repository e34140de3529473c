"""Files that ship inside the package, each with its origin, licence and hash in `ORIGINS.json`."""

import json
from pathlib import Path

from pecten.errors import PectenError
from pecten.files import sha256_of

ORIGINS = "ORIGINS.json"


def folder() -> Path:
    """Return the folder that holds the shipped files."""
    return Path(__file__).parent


def origins(root: Path | None = None) -> dict[str, dict[str, str]]:
    """Return the table of shipped files: name to origin, licence and sha256."""
    table = json.loads(((root or folder()) / ORIGINS).read_text(encoding="utf-8"))
    files: dict[str, dict[str, str]] = table["files"]
    return files


def asset(name: str, root: Path | None = None) -> Path:
    """Find a shipped file and check that it is whole.

    Args:
        name: As in `ORIGINS.json`, for example "models/centerface.onnx".
        root: Folder to look in; None is the package's own.
    Raises:
        PectenError: if the file is unknown, missing or differs from its recorded hash.
    """
    table = origins(root)
    path = (root or folder()) / name
    if name not in table:
        raise PectenError(f"{name}: not in {ORIGINS}, which lists the files that ship with Pecten; check the name")
    if not path.is_file():
        raise PectenError(f"{path}: missing from the installation; install Pecten again")
    if sha256_of(path) != table[name]["sha256"]:
        raise PectenError(f"{path}: damaged (its sha256 differs from {ORIGINS}); install Pecten again")
    return path
