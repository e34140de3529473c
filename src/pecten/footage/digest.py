"""What a clip is known by, wherever it lies: a digest of its content, for consent records."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pecten.errors import FootageError
from pecten.files import sha256_of
from pecten.footage.clip import ClipInfo, files_of, open_clip
from pecten.types import Progress, silent


def digest_of(info: ClipInfo, progress: Progress = silent) -> str:
    """Return a clip's digest in hex, the same on every machine and in every folder.

    Of one file it is the file's SHA-256. Of a sequence it is the SHA-256 of its frames' digests in the frames' order,
    each in lower-case hex and ended by a newline: what `sha256sum sh010.*.exr | cut -c1-64 | sha256sum` says.

    Args:
        info: Of the clip.
        progress: Called after each file, as stage "digest".
    Returns:
        The digest; "" of pictures that lie in no file.
    Raises:
        FootageError: if a file cannot be read.
    """
    files, digests = [path for path in files_of(info) if path.is_file()], list[str]()
    if not files:
        return ""
    for path in files:
        try:
            digests.append(sha256_of(path))
        except OSError as error:
            raise FootageError(
                f"{path}: cannot be read ({error.strerror}); check the path and its permissions"
            ) from error
        progress("digest", len(digests), len(files))
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(f"{digest}\n" for digest in digests).encode()).hexdigest()


def digests_of(clips: Iterable[str | Path], progress: Progress = silent) -> Iterator[tuple[str, str]]:
    """Yield each clip's path and digest; nothing is read before it is asked for.

    Args:
        clips: As for `open_clip`.
        progress: As for `digest_of`.
    Raises:
        FootageError: if one cannot be opened or read.
    """
    for clip in clips:
        info = open_clip(clip).info
        yield info.path, digest_of(info, progress)
