"""Settings for every test.

In CI generated examples are the same in each run, so that a red run can be repeated, and a failure is not made smaller,
which can take minutes.
"""

import os
import signal

import pytest
from hypothesis import Phase, settings

_AS_FOUND = (Phase.explicit, Phase.generate)
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True, phases=_AS_FOUND)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session", autouse=True)
def _processes_hear_signals() -> None:
    """A shell lets what it runs in the background ignore Ctrl-C, and a process begins with what its parent ignores.

    A handler that does nothing goes on ignoring it here, and is not handed on.
    """
    for number in (getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
