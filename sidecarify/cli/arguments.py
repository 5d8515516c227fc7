"""The arguments that commands share, and what they come to."""

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import typer

from sidecarify.cli.terminal import ColorWhen, complain
from sidecarify.direction import TO_SIDECAR, Direction
from sidecarify.report.text import message
from sidecarify.report.visible import visible

if TYPE_CHECKING:
    from sidecarify.configuration import Configuration
    from sidecarify.discover import Manifest
    from sidecarify.options import Options

Item = TypeVar("Item")
STDIN = "-"
STDIN_NAME = "<stdin>"


class PlacementName(StrEnum):
    """Where a new `initContainers` key goes."""

    AUTO = "auto"
    BEFORE = "before"


Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Files and folders; `-` is stdin. Default: the current folder."),
]
Diff = Annotated[bool, typer.Option("--diff", help="Write nothing; print what would change as a patch.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if something would change.")]
Patch = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write one patch for `git apply` instead of the manifests.")
]
Atomic = Annotated[
    bool, typer.Option("--atomic", help="Replace all files or none: put all back if one cannot be written.")
]
Prove = Annotated[
    bool,
    typer.Option(
        "--prove", help="Build the kustomizations concerned before and after, with kubectl or kustomize, and compare."
    ),
]
Explain = Annotated[
    bool, typer.Option("--explain", help="Also say what changes in the model, by an independent comparison.")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[KIND/NAME:]CONTAINER",
        help="A native sidecar (glob) to take back, though it is under review; the others stay. May be repeated.",
    ),
]
Helper = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[KIND/NAME:]CONTAINER",
        help="A container (glob) that is a helper: it moves though it is under review. May be repeated.",
    ),
]
Main = Annotated[
    list[str] | None,
    typer.Option(metavar="[KIND/NAME:]CONTAINER", help="A container (glob) that is no helper. May be repeated."),
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE",
        help="Move although this rule (glob) speaks against it; what it refuses, only if the container is named too "
        "(--helper, --only). May be repeated.",
    ),
]
Unsafe = Annotated[bool | None, typer.Option("--unsafe/--no-unsafe", help="Also move what is under review.")]
NoSharedVolume = Annotated[
    bool | None,
    typer.Option(
        "--no-shared-volume/--shared-volume",
        help="Also move known helpers that share no volume with a main container.",
    ),
]
Placement = Annotated[
    PlacementName | None,
    typer.Option(
        help="Where a new `initContainers` goes: the smallest diff, or always before `containers`. [default: auto]"
    ),
]
AddStartupProbe = Annotated[
    bool | None,
    typer.Option(
        "--add-startup-probe/--no-add-startup-probe",
        help="Give what moves the startupProbe that is known for its image, where it is sure to be answered.",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Take the options of this file, not of the nearest .sidecarify.yaml."),
]
Isolated = Annotated[bool, typer.Option("--isolated", help="Read no .sidecarify.yaml.")]
NoIgnores = Annotated[bool, typer.Option("--no-ignores", help="Do not heed `# sidecarify: ignore[...]` comments.")]
KubeVersion = Annotated[
    str | None,
    typer.Option(metavar="VERSION", help="The lowest Kubernetes version that the result must run on. [default: 1.33]"),
]
Select = Annotated[
    list[str] | None, typer.Option(metavar="RULE", help="Run these rules (globs) alone. May be repeated.")
]
Ignore = Annotated[
    list[str] | None, typer.Option(metavar="RULE", help="Do not run these rules (globs). May be repeated.")
]
Transforms = Annotated[
    list[Path] | None,
    typer.Option(metavar="DIR", help="A folder with further families of helpers. May be repeated."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        min=1,
        help="How many processes do the work. [default: one for each processor where there are many files]",
    ),
]
Color = Annotated[ColorWhen, typer.Option(help="When to use colours; NO_COLOR is heeded.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show all the evidence.")]


class Judging(NamedTuple):
    """The arguments that decide what is moved."""

    helper: Sequence[str] | None = None
    main: Sequence[str] | None = None
    accept: Sequence[str] | None = None
    select: Sequence[str] | None = None
    ignore: Sequence[str] | None = None
    transforms: Sequence[Path] | None = None
    kube_version: str | None = None
    no_shared_volume: bool | None = None
    unsafe: bool | None = None
    placement: PlacementName | None = None
    only: Sequence[str] | None = None
    direction: Direction = TO_SIDECAR
    add_startup_probe: bool | None = None
    no_ignores: bool = False
    config: Path | None = None
    isolated: bool = False


def options(judging: Judging, file: "Configuration | None" = None) -> "Options":
    """The options of the core: those of the command line, and where it says nothing those of a configuration file.

    Names of containers add up, and a comment in the manifest goes between the two. Raises typer.BadParameter (exit 2)
    for what names nothing.
    """
    from sidecarify.batch import check  # noqa: PLC0415  (`--help` needs none of the core)
    from sidecarify.configuration import NOTHING  # noqa: PLC0415
    from sidecarify.families import CatalogueError  # noqa: PLC0415
    from sidecarify.kube.version import DEFAULT_TARGET  # noqa: PLC0415
    from sidecarify.options import Options  # noqa: PLC0415

    for flag, patterns in (("accept", judging.accept), ("select", judging.select), ("ignore", judging.ignore)):
        _check_rules(f"--{flag}", patterns or (), judging.direction)
    for folder in judging.transforms or ():
        if not folder.is_dir():
            raise typer.BadParameter(visible(f"{folder} is no folder."), param_hint="--transforms")
    given = file or NOTHING
    placement = judging.placement.value if judging.placement is not None else given.placement
    shared = given.shared_volume if judging.no_shared_volume is None else not judging.no_shared_volume
    made = Options(
        helpers=tuple(judging.helper or ()),
        mains=tuple(judging.main or ()),
        accept=_listed(judging.accept, given.accept),
        unsafe=bool(given.unsafe if judging.unsafe is None else judging.unsafe),
        shared_volume=shared is not False,
        placement=placement or "auto",
        kube_version=judging.kube_version or given.kube_version or str(DEFAULT_TARGET),
        select=_listed(judging.select, given.select),
        ignore=_listed(judging.ignore, given.ignore),
        transforms=_listed(judging.transforms, given.transforms),
        only=tuple(judging.only or ()),
        default_helpers=given.helpers or (),
        default_mains=given.mains or (),
        ignores=not judging.no_ignores,
        add_startup_probe=bool(
            given.add_startup_probe if judging.add_startup_probe is None else judging.add_startup_probe
        ),
    )
    try:
        check(made)
    except CatalogueError as error:
        raise typer.BadParameter(visible(str(error)), param_hint="--transforms") from None
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--kube-version") from None
    return made


def _listed(given: Sequence[Item] | None, file: tuple[Item, ...] | None) -> tuple[Item, ...]:
    return tuple(given) if given else file or ()


def places(paths: Sequence[str] | None) -> Sequence[str]:
    """The paths to work on. Raises typer.BadParameter for an empty one, and where stdin stands beside others."""
    if paths and "" in paths:
        raise typer.BadParameter("a path is empty.", param_hint="PATH")
    if paths and STDIN in paths and len(paths) > 1:
        raise typer.BadParameter("`-` (stdin) stands alone.", param_hint="PATH")
    return paths or (".",)


def received() -> bytes:
    """What comes on stdin. Raises typer.Exit (2) if that cannot be read or is too large."""
    from sidecarify.files import SIZE_LIMIT, FileError, check_size  # noqa: PLC0415  (see options)

    try:
        return check_size(sys.stdin.buffer.read(SIZE_LIMIT + 1))
    except FileError as error:
        complain(message(STDIN_NAME, 1, error.code, "", error.message))
    except OSError as error:
        complain(message(STDIN_NAME, 1, "unreadable", "", f"cannot be read: {error.strerror or error}"))
    raise typer.Exit(2)


def stdin_manifest() -> "Manifest":
    """The manifest that stdin stands for; it has no file."""
    from sidecarify.discover import Manifest  # noqa: PLC0415  (see options)

    return Manifest(STDIN_NAME, "", explicit=True)


def unmatched(judging: Judging, named: Iterable[str]) -> list[str]:
    """Warnings of globs that name no container."""
    found = set(named)
    missing = [
        f"sidecarify: warning: --only {pattern} names no native sidecar"
        for pattern in judging.only or ()
        if pattern not in found
    ]
    given = [("--helper", one) for one in judging.helper or ()] + [("--main", one) for one in judging.main or ()]
    return missing + [
        f"sidecarify: warning: {flag} {pattern} names no container of a pod that has several"
        for flag, pattern in given
        if pattern not in found
    ]


def _check_rules(flag: str, patterns: Sequence[str], direction: Direction) -> None:
    if not patterns:
        return
    from fnmatch import fnmatchcase  # noqa: PLC0415  (needed for these flags alone)

    from sidecarify.judge.known import rules_of  # noqa: PLC0415
    from sidecarify.spelling import unknown  # noqa: PLC0415

    names = [rule.name for rule in rules_of(direction)]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise typer.BadParameter(unknown("rule", pattern, names), param_hint=flag)
