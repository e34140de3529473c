"""The `pecten` command, and `python -m pecten`."""

import errno
import os
import signal
import sys
from types import FrameType

from pecten.cli.screen import fail
from pecten.errors import PectenError

INTERRUPTED = 130
"""Exit code of a command stopped by Ctrl-C, as shells have it."""


def main() -> None:
    """Run the command; a user's mistake is one line on stderr and exit code 1."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code."""
    from pecten.cli.app import app

    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        # Typer's own error boxes are for programmers; with standalone_mode off it returns what `Exit` carried.
        code = app(args=arguments, prog_name="pecten", standalone_mode=False)
    except KeyboardInterrupt:
        fail("interrupted; finished work is kept: run the same command again to go on")
        return INTERRUPTED
    except PectenError as error:
        fail(str(error))
        return 1
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - Python flushes stdout at exit, into the closed pipe
        return 1
    except MemoryError:
        fail("out of memory: use a smaller --batch or --size, or fewer frames at a time with --frames")
        return 1
    except OSError as error:
        fail(_explain(error))
        return 1
    except Exception as error:
        if type(error).__module__.startswith(("click", "typer")):
            return _usage(error)
        raise
    finally:
        signal.signal(signal.SIGTERM, previous)
    return int(code or 0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _explain(error: OSError) -> str:
    where = f" {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"disk full{' while writing' + where if where else ''}: free some space, then run the same command again"
    if error.errno == errno.EACCES:
        return f"no permission for{where or ' a file'}: choose another place, or change its permissions"
    return f"{error.strerror or error}{':' + where if where else ''}"


def _usage(error: Exception) -> int:
    if type(error).__name__ == "Abort":
        fail("interrupted; finished work is kept: run the same command again to go on")
        return INTERRUPTED
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "pecten"
    if not message:
        sys.stdout.write(context.get_help() + "\n" if context is not None else "")
        return 0
    fail(f"{message.rstrip('.')}: see {command} --help")
    return 2


if __name__ == "__main__":
    main()
