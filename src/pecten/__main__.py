"""The `pecten` command, and `python -m pecten`."""

import errno
import os
import signal
import sys
from types import FrameType

from pecten.interrupt import NothingKept

INTERRUPTED = 130
"""Exit code of a command stopped by Ctrl-C, as shells have it."""

MISUSED = 2
"""Exit code of a command line that cannot be read."""

DEFECT = 70
"""Exit code of a mistake that is ours (EX_SOFTWARE of sysexits.h)."""

TRACEBACK = "PECTEN_TRACEBACK"
"""Environment variable that asks for the traceback of such a mistake."""

_INTERRUPTED = "interrupted; finished work is kept{}: run the same command again to go on"

_LOST = "interrupted; nothing is kept: run the same command again to begin anew"

_SOMEWHERE = "interrupted: run the same command again"
"""Where nobody knows what was done."""

_REMEDIES = {
    errno.ENOSPC: "free some space, then run the same command again",
    errno.EDQUOT: "free some space, then run the same command again",
    errno.EACCES: "choose another place, or change its permissions",
    errno.EPERM: "choose another place, or change its permissions",
    errno.EROFS: "choose another place",
    errno.ENOENT: "check the path",
    errno.EEXIST: "there is a file where a folder is needed: choose another place",
    errno.ENOTDIR: "there is a file where a folder is needed: choose another place",
    errno.EISDIR: "there is a folder where a file is needed: choose another name",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "close other programs or raise the limit (ulimit -n)",
}


def main() -> None:
    """Run the command; a user's mistake is one line on stderr and exit code 1."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        arguments: Of the command line; None for the process's own.
    """
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    # A shell's job in the background has SIGINT ignored, and keeps it so.
    numbers = [signal.SIGTERM, *([] if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else [signal.SIGINT])]
    previous = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except NothingKept:
        return _fail(_LOST, INTERRUPTED)
    except KeyboardInterrupt as stop:
        lost = f", but {stop}" if str(stop) else ""
        return _fail(_INTERRUPTED.format(lost), INTERRUPTED)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - Python flushes stdout at exit, into the closed pipe
        return 1
    except MemoryError:
        return _fail("out of memory: use a smaller --batch or --size, or fewer frames at a time with --frames")
    except OSError as error:
        return _fail(_explain(error))
    except Exception as error:
        # Libraries that are interrupted while they are being loaded say that they are broken.
        return _fail(_SOMEWHERE, INTERRUPTED) if came else _defect(error)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _run(arguments: list[str]) -> int:
    from typer.main import get_command

    from pecten.cli.app import app
    from pecten.errors import PectenError

    command = get_command(app)
    try:
        # Not by calling the app: it would turn Ctrl-C into a silent exit and errors into boxes.
        with command.make_context("pecten", list(arguments)) as context:
            command.invoke(context)
    except PectenError as error:
        return _fail(str(error))
    except Exception as error:
        return _of_the_command_line(error)
    return 0


def _of_the_command_line(error: Exception) -> int:
    """Explain what the command line's own library raises; let anything else pass."""
    if not type(error).__module__.startswith(("click", "typer")):
        raise error
    if isinstance(code := getattr(error, "exit_code", None), int) and not hasattr(error, "format_message"):
        return code
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    if type(error).__name__.startswith("NoArgsIsHelp"):
        sys.stdout.write(f"{message}\n")
        return 0
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "pecten"
    return _fail(f"{message.rstrip('.')}: see {command} --help", MISUSED)


def _explain(error: OSError) -> str:
    what = "disk full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{what[:1].lower()}{what[1:]}: {_REMEDIES.get(error.errno or 0, 'choose another place')}"


def _defect(error: Exception) -> int:
    if os.environ.get(TRACEBACK):
        import traceback

        traceback.print_exception(error)
    what = f"{type(error).__name__}: {error}"
    return _fail(f"a mistake of Pecten itself ({what[:300]}): report it with what {TRACEBACK}=1 shows", DEFECT)


def _fail(message: str, code: int = 1) -> int:
    """Print one line of error and return the exit code."""
    sys.stderr.write(f"pecten: {' '.join(message.split())}\n")
    return code


if __name__ == "__main__":
    main()
