"""Settings for every test.

In CI generated examples are the same in each run, so that a red run can be repeated, and a failure is not made smaller,
which can take minutes.
"""

import os

from hypothesis import Phase, settings

_AS_FOUND = (Phase.explicit, Phase.generate)
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True, phases=_AS_FOUND)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
