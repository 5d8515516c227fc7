"""The front door: a container's `command` and `args` as a Program."""

from collections.abc import Sequence

from sidecarify.commands.argv import ShellCall, base_name, shell_call, unwrap
from sidecarify.commands.ending import last_acts
from sidecarify.commands.guards import guards_of_script
from sidecarify.commands.lifetime import script_lifetime
from sidecarify.commands.model import Lifetime, Program, SimpleCommand
from sidecarify.commands.processes import command_lifetime, once_flag, quoted
from sidecarify.commands.shell import UnreadableScript, read_script
from sidecarify.commands.tools import COMMANDS_AMONG_ARGS
from sidecarify.commands.waits import waits_of_command, waits_of_handler, waits_of_script


def read_program(command: Sequence[str], args: Sequence[str], *, entrypoint: Sequence[str] = ()) -> Program | None:
    """Read what a container runs. None if neither `command` nor `args` is given: the image decides.

    `entrypoint` is the image's own one, where it is known: it stands in for a missing `command`. Without it, `args`
    alone are read as a command only if they cannot be anything else (`sh -c ...`, `sleep 60`, `/usr/bin/x`).
    Never raises.
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
    bare = bare._replace(shell=call is not None)
    if call is None:
        return _without_shell(bare, words)
    if call.script_at is None:
        return _without_script(bare, words, call)
    own_index = wrapped.skipped + call.script_at - (len(entrypoint) if not command else 0)
    program = _with_script(bare._replace(script_index=own_index if own_index >= 0 else None), words, call)
    if wrapped.limit:
        lifetime, reason = command_lifetime(words)
        if lifetime is Lifetime.ENDS:
            return program._replace(lifetime=lifetime, reason=reason, loop_can_fail=False)
    return program


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


def _with_script(bare: Program, words: tuple[str, ...], call: ShellCall) -> Program:
    text = bare.argv[call.script_at or 0]
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
