"""The command line: parses arguments, calls the core, prints, and decides nothing. One file a command."""

from __future__ import annotations

import gc
import os
import sys

INTERRUPTED = 130
"""What a shell shows for a program that SIGINT (2) ended; for another signal, that much more."""


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 something would change (`--check`, `--diff`), 2 an error."""
    # No manifest leaves cycles behind: in a run over thousands the collector frees a few hundred objects. To look for
    # them among all that start-up makes takes a tenth of the time of a small run.
    gc.disable()
    _replace_closed_streams()
    try:
        from sidecarify.cli.app import COMMANDS, application  # noqa: PLC0415  (importing a command is all it does)

        wanted = [name for name in sys.argv[1:2] if name in COMMANDS]
        application(wanted or COMMANDS)(prog_name="sidecarify")
    except KeyboardInterrupt:  # before a command has begun
        print("sidecarify: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except Exception as error:
        sys.exit(_fault(error))
    finally:
        # Nor does Python have to look through all of it, twice, before it ends.
        gc.freeze()


def _fault(error: Exception) -> int:
    """Say what no command has foreseen, and give the exit code. Python would end with 1, which is taken."""
    if isinstance(error, OSError) and error.filename is None:  # no file's, so that of the stream that gets the help
        from sidecarify.cli.terminal import stdout_failed  # noqa: PLC0415  (for the worst case alone)

        return stdout_failed(error)
    import traceback  # noqa: PLC0415  (as above)

    from sidecarify.report.visible import visible_lines  # noqa: PLC0415

    print(visible_lines("".join(traceback.format_exception(error))), end="", file=sys.stderr)
    return 2


def _replace_closed_streams() -> None:
    """Where the caller has closed a standard stream Python has None: data is not to be lost there, talk may be."""
    for name, mode, access in (("stdin", "r", os.O_WRONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            # Opened the other way round, a stream fails as soon as it is used.
            setattr(sys, name, os.fdopen(os.open(os.devnull, access), mode))
