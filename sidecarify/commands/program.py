"""The front door: a container's `command` and `args` as a Program."""

from collections.abc import Callable, Sequence

from sidecarify.commands.argv import SHELLS, ShellCall, base_name, shell_call, unwrap
from sidecarify.commands.ending import last_acts
from sidecarify.commands.guards import guards_of_script
from sidecarify.commands.lifetime import script_lifetime
from sidecarify.commands.model import Lifetime, Program, SimpleCommand
from sidecarify.commands.processes import command_lifetime, once_flag, quoted
from sidecarify.commands.shell import UnreadableScript, read_script
from sidecarify.commands.tools import COMMANDS_AMONG_ARGS
from sidecarify.commands.waits import waits_of_command, waits_of_handler, waits_of_script

FileText = Callable[[str], str | None]


def read_program(
    command: Sequence[str],
    args: Sequence[str],
    *,
    entrypoint: Sequence[str] = (),
    file_text: FileText = lambda _: None,
) -> Program | None:
    """Read what a container runs. None if neither `command` nor `args` is given: the image decides.

    `entrypoint` is the image's own one, where it is known: it stands in for a missing `command`. Without it, `args`
    alone are read as a command only if they cannot be anything else (`sh -c ...`, `sleep 60`, `/usr/bin/x`).
    `file_text` gives the text of a script by its path, where that is known. Never raises.
    """
    if not command and not args:
        return None
    given = tuple(command) or tuple(entrypoint)
    unseen = not given
    words = (*given, *args)
    wrapped = unwrap(words)
    bare = Program(
        command=tuple(command),
        args=tuple(args),
        argv=wrapped.argv,
        wrappers=wrapped.wrappers,
        shell=False,
        script=None,
        script_index=None,
        commands=(),
        lifetime=Lifetime.UNKNOWN,
        reason="",
        decisive=None,
        waits=(),
        traps=(),
        set_e=False,
        readable=True,
        entrypoint_unseen=unseen,
        loop_can_fail=False,
    )
    call = shell_call(wrapped.argv)
    file = _script_file(wrapped.argv, call, file_text)
    bare = bare._replace(shell=call is not None or file is not None)
    if file is not None:
        call, text = file
        program = _with_script(bare._replace(argv=(call.name, *call.parameters)), words, call, text)
    elif call is None:
        return _without_shell(bare, words)
    elif call.script_at is None:
        return _without_script(bare, words, call)
    else:
        own_index = wrapped.skipped + call.script_at - (len(entrypoint) if not command else 0)
        bare = bare._replace(script_index=own_index if own_index >= 0 else None)
        program = _with_script(bare, words, call, wrapped.argv[call.script_at])
        program = _only_a_script_file(program, file_text) or program
    if wrapped.limit:
        lifetime, reason = command_lifetime(words)
        if lifetime is Lifetime.ENDS:
            return program._replace(lifetime=lifetime, reason=reason, loop_can_fail=False)
    return program


def _script_file(argv: tuple[str, ...], call: ShellCall | None, file_text: FileText) -> tuple[ShellCall, str] | None:
    """The script that is called by its path, with its text, where that is known: `sh /x.sh`, or `/x.sh` alone.

    Alone, its first line names the shell; where that is none, nobody reads it.
    """
    path = call.file if call is not None else next(iter(argv), "")
    text = file_text(path) if path.startswith("/") else None
    if text is None:
        return None
    if call is not None:
        return call._replace(parameters=(path, *call.parameters)), text
    words = text.removeprefix("#!").split("\n", 1)[0].split() if text.startswith("#!") else []
    first = shell_call((*unwrap(words).argv, path, *argv[1:])) if words else None
    if first is None or first.name not in SHELLS or first.file != path:
        return None
    return first._replace(parameters=argv), text


def _only_a_script_file(program: Program, file_text: FileText) -> Program | None:
    """What `sh -c /scripts/x.sh` runs, where the script does no more than that and the file is known."""
    if len(program.commands) != 1 or program.traps:
        return None
    (only,) = program.commands
    argv = only.argv
    path = next((word for word in argv if word.startswith("/")), "")
    if only.in_background or only.in_pipeline or only.in_loop or file_text(path) is None:
        return None
    inner = read_program(argv, (), file_text=file_text)
    if inner is None or inner.script is None:
        return None
    return inner._replace(
        command=program.command,
        args=program.args,
        wrappers=(*program.wrappers, *inner.wrappers),
        entrypoint_unseen=program.entrypoint_unseen,
    )


def _without_shell(bare: Program, words: tuple[str, ...]) -> Program:
    only = SimpleCommand(words)
    lifetime, reason = command_lifetime(words)
    if bare.entrypoint_unseen and not _is_surely_a_command(bare.argv):
        lifetime, reason = _of_arguments(words)
    return bare._replace(
        commands=(only,), lifetime=lifetime, reason=reason, decisive=only, waits=waits_of_command(only)
    )


def _is_surely_a_command(argv: tuple[str, ...]) -> bool:
    return bool(argv) and (argv[0].startswith("/") or base_name(argv[0]) in COMMANDS_AMONG_ARGS)


def _of_arguments(words: tuple[str, ...]) -> tuple[Lifetime, str]:
    """Arguments of an entrypoint that nobody sees: they still may say that it runs once, or that it serves."""
    once = once_flag(words)
    if once:
        return Lifetime.ENDS, f"`{once}` makes the image's entrypoint run once"
    lifetime, reason = command_lifetime(("the image's entrypoint", *words))
    if lifetime is not Lifetime.UNKNOWN:
        return lifetime, reason.replace("`the image's entrypoint`", "the image's entrypoint")
    return Lifetime.UNKNOWN, "the image's entrypoint decides what its arguments mean"


def _without_script(bare: Program, words: tuple[str, ...], call: ShellCall) -> Program:
    only = SimpleCommand(words)
    if call.file:
        reason = f"the script {call.file} is not in the manifest, so it cannot be seen"
    elif call.from_stdin:
        reason = f"{quoted(words)} lasts as long as its standard input is open"
    else:
        reason = f"{quoted(words)} is given no script"
    return bare._replace(commands=(only,), reason=reason, decisive=only, readable=not call.file)


def _with_script(bare: Program, words: tuple[str, ...], call: ShellCall, text: str) -> Program:
    try:
        script = read_script(text)
    except UnreadableScript as error:
        return bare._replace(script=text, reason=str(error), readable=False)
    verdict = script_lifetime(script, call.parameters, errexit=call.errexit)
    waits = (*waits_of_command(SimpleCommand(words)), *waits_of_script(script))
    return bare._replace(
        script=text,
        commands=script.commands,
        lifetime=verdict.lifetime,
        reason=verdict.reason,
        decisive=verdict.decisive,
        waits=tuple(wait for wait in waits if not wait.limited),
        limited_waits=tuple(wait for wait in waits if wait.limited),
        traps=tuple(
            trap._replace(waits=waits_of_handler(handler))
            for trap, handler in zip(script.traps, script.handlers, strict=True)
        ),
        set_e=call.errexit or script.errexit,
        readable=not script.broken,
        loop_can_fail=verdict.loop_can_fail,
        parameters=call.parameters,
        loops=tuple(script.loops.items()),
        last_acts=last_acts(script, verdict.lifetime, verdict.decisive),
        guards=guards_of_script(script),
        pipefail=call.pipefail or script.pipefail,
        may_leave=verdict.may_leave,
    )
