"""What a user can decide about a run."""

from pathlib import Path
from typing import NamedTuple

from sidecarify.judge.model import Settings
from sidecarify.kube.version import DEFAULT_TARGET, KubeVersion
from sidecarify.plan import Consent
from sidecarify.yamltext.lists import Placement


class Options(NamedTuple):
    """The options of `convert_text`, `revert_text` and `inspect_text`; they mirror the flags of the command line.

    helpers, mains: globs `[KIND/NAME:]CONTAINER` of containers that are helpers, or are not. accept: rules (globs)
    whose findings do not stop a move: review findings at once, refusals for the containers named in `helpers`;
    `("*",)` accepts every rule, but not what the API server would reject. unsafe: move what is under review.
    shared_volume: a helper must share a volume with the main container. placement: where a new `initContainers` key
    goes. kube_version: the lowest Kubernetes version that the result must run on. select, ignore: rules (globs) to
    run or not. transforms: further folders of helper families. only: globs, as in `helpers`, of the native sidecars
    that `revert_text` takes back, named by that as `helpers` are; empty for all of them, none of them named. It alone
    reads `only`, and it reads none of `helpers`, `mains`, `shared_volume` and `placement`. default_helpers,
    default_mains: as `helpers` and `mains`, but a comment in the manifest goes before them (those of a configuration
    file). ignores: heed `# sidecarify: ignore[rule]`. add_startup_probe: give a container that moves the startupProbe
    that is known for its image.
    """

    helpers: tuple[str, ...] = ()
    mains: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    unsafe: bool = False
    shared_volume: bool = True
    placement: Placement = "auto"
    kube_version: str = str(DEFAULT_TARGET)
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    transforms: tuple[Path, ...] = ()
    only: tuple[str, ...] = ()
    default_helpers: tuple[str, ...] = ()
    default_mains: tuple[str, ...] = ()
    ignores: bool = True
    add_startup_probe: bool = False

    @property
    def names_helpers(self) -> bool:
        """Whether it names helpers: a container alone in its pod may then be one."""
        return bool(self.helpers or self.default_helpers)

    @property
    def settings(self) -> Settings:
        """What the judge needs to know. Raises ValueError for a version that is none."""
        return Settings(
            self.helpers,
            self.mains,
            self.select,
            self.ignore,
            self.shared_volume,
            KubeVersion.parse(self.kube_version),
            self.only,
            self.default_helpers,
            self.default_mains,
        )

    @property
    def consent(self) -> Consent:
        """What the plan needs to know."""
        return Consent(self.unsafe, self.accept)
