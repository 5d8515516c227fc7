"""`sidecarify convert`."""

import typer

from sidecarify.cli import arguments, output, selecting
from sidecarify.cli.arguments import Judging
from sidecarify.cli.output import OutputFormat, Reporting
from sidecarify.cli.run import Wish, carry_out
from sidecarify.cli.selecting import Selecting
from sidecarify.cli.terminal import ColorWhen, Terminal


def convert(
    paths: arguments.Paths = None,
    diff: arguments.Diff = False,
    check: arguments.Check = False,
    patch: arguments.Patch = None,
    explain: arguments.Explain = False,
    output_format: output.Format = OutputFormat.TEXT,
    output_file: output.OutputFile = None,
    baseline: output.Known = None,
    write_baseline: output.WriteBaseline = None,
    unsafe: arguments.Unsafe = None,
    helper: arguments.Helper = None,
    main: arguments.Main = None,
    accept: arguments.Accept = None,
    placement: arguments.Placement = None,
    kube_version: arguments.KubeVersion = None,
    no_shared_volume: arguments.NoSharedVolume = None,
    transforms: arguments.Transforms = None,
    select: arguments.Select = None,
    ignore: arguments.Ignore = None,
    no_ignores: arguments.NoIgnores = False,
    add_startup_probe: arguments.AddStartupProbe = None,
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
    """Move helper containers to `initContainers` as native sidecars, in place.

    Moved is what is known to be safe; the rest is left alone, and the reason is printed. With `-` stdin is filtered to
    stdout. Exit codes: 0 done or nothing to do, 1 something would change (--diff and --check alone), 2 an error.
    """
    judging = Judging(
        helper,
        main,
        accept,
        select,
        ignore,
        transforms,
        kube_version,
        no_shared_volume,
        unsafe,
        placement,
        add_startup_probe=add_startup_probe,
        no_ignores=no_ignores,
        config=config,
        isolated=isolated,
    )
    reporting = Reporting(output_format, output_file, baseline, write_baseline)
    files = Selecting(paths, exclude, include, force_exclude, no_ignore_files, files_from, since, jobs)
    wish = Wish(diff, check, patch, explain, verbose, reporting, atomic, prove)
    raise typer.Exit(carry_out(files, judging, wish, Terminal.of(color, quiet=quiet)))
