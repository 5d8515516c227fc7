"""The command line: parses arguments, calls the core, prints, and decides nothing. One file a command."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 something would change (`--check`, `--diff`), 2 an error."""
    # No manifest leaves cycles behind: in a run over thousands the collector frees a few hundred objects. To look for
    # them among all that start-up makes takes a tenth of the time of a small run.
    gc.disable()

    from sidecarify.cli.app import COMMANDS, application  # noqa: PLC0415  (so that importing a command is all it does)

    wanted = [name for name in sys.argv[1:2] if name in COMMANDS]
    try:
        application(wanted or COMMANDS)(prog_name="sidecarify")
    except Exception:
        import traceback  # noqa: PLC0415  (for the worst case alone)

        # Python would end with 1, which is taken.
        traceback.print_exc()
        sys.exit(2)
    finally:
        # Nor does Python have to look through all of it, twice, before it ends.
        gc.freeze()
