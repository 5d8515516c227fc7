"""`sidecarify revert`."""

import typer

from sidecarify.cli import arguments, output, selecting
from sidecarify.cli.arguments import Judging
from sidecarify.cli.output import OutputFormat, Reporting
from sidecarify.cli.run import Wish, carry_out
from sidecarify.cli.selecting import Selecting
from sidecarify.cli.terminal import ColorWhen, Terminal
from sidecarify.direction import TO_CONTAINER


def revert(
    paths: arguments.Paths = None,
    diff: arguments.Diff = False,
    check: arguments.Check = False,
    patch: arguments.Patch = None,
    explain: arguments.Explain = False,
    output_format: output.Format = OutputFormat.TEXT,
    output_file: output.OutputFile = None,
    only: arguments.Only = None,
    unsafe: arguments.Unsafe = None,
    accept: arguments.Accept = None,
    kube_version: arguments.KubeVersion = None,
    transforms: arguments.Transforms = None,
    select: arguments.Select = None,
    ignore: arguments.Ignore = None,
    no_ignores: arguments.NoIgnores = False,
    config: arguments.Config = None,
    isolated: arguments.Isolated = False,
    atomic: arguments.Atomic = False,
    prove: arguments.Prove = False,
    exclude: selecting.Exclude = None,
    include: selecting.Include = None,
    force_exclude: selecting.ForceExclude = False,
    no_ignore_files: selecting.NoIgnoreFiles = False,
    files_from: selecting.FilesFrom = None,
    since: selecting.Since = None,
    jobs: arguments.Jobs = None,
    color: arguments.Color = ColorWhen.AUTO,
    quiet: arguments.Quiet = False,
    verbose: arguments.Verbose = False,
) -> None:
    """Take native sidecars back to `containers`, behind the containers there, in place.

    Taken back is what is known to do no harm; the rest is left alone, and the reason is printed. With `-` stdin is
    filtered to stdout. Exit codes: 0 done or nothing to do, 1 something would change (--diff and --check alone),
    2 an error.
    """
    judging = Judging(
        accept=accept,
        select=select,
        ignore=ignore,
        transforms=transforms,
        kube_version=kube_version,
        unsafe=unsafe,
        only=only,
        direction=TO_CONTAINER,
        no_ignores=no_ignores,
        config=config,
        isolated=isolated,
    )
    files = Selecting(paths, exclude, include, force_exclude, no_ignore_files, files_from, since, jobs)
    wish = Wish(diff, check, patch, explain, verbose, Reporting(output_format, output_file), atomic=atomic, prove=prove)
    raise typer.Exit(carry_out(files, judging, wish, Terminal.of(color, quiet=quiet)))
