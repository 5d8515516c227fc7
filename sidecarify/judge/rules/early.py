"""What a helper watches, follows or asks for from its first moment, and finds nothing (DEAD3, DEAD6, FLD13)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sidecarify.commands import Program, SimpleCommand, failure_ends, located, tails, writes
from sidecarify.commands.endpoints import endpoint, option_value
from sidecarify.commands.processes import first_operands
from sidecarify.judge.model import Level, Member, PodContext
from sidecarify.judge.paths import is_below, main_ports, maker_of, only_main_makes, outlives_pod, own_ports

_GLOB = r"[*?\[]"
_READERS = frozenset({"cat", "head", "jq", "yq", "grep", "awk", "sed"})
_TRIES_AGAIN = r"--retry|-t\d*\Z|--tries"
_WATCHERS = frozenset({"inotifywait", "inotifyd", "fswatch"})
_VALUED = frozenset({
    "-e", "--event", "-t", "--timeout", "--format", "--timefmt", "-o", "--outfile", "--exclude", "--excludei",
    "--include", "--includei", "-l", "--latency",
})  # fmt: skip
_ON_A_RUNNING_CONTAINER = frozenset({"logs", "attach", "exec", "port-forward", "cp"})
_WAIT = "Wait for it first (`until [ -e {path} ]; do sleep 1; done`), or make it (`mkdir -p`)."


class Early(NamedTuple):
    """What a command misses: how bad that is, what happens and what to do."""

    level: Level
    effect: str
    advice: str
    command: SimpleCommand


def too_early(helper: Member, pod: PodContext, program: Program) -> Iterator[Early]:
    """The commands that look for something of the main container once, at their start."""
    yield from _watches_nothing(helper, pod, program)
    yield from _follows_nothing(helper, pod, program)
    yield from _asks_for_main(helper, program)
    yield from _asks_once(helper, pod, program)


def _watches_nothing(helper: Member, pod: PodContext, program: Program) -> Iterator[Early]:
    """`inotifywait -m /shared/in`, `httpd -f -h /shared/www`: they end if the path is not there."""
    made = [located(use.path, use.command) for use in writes(program)]
    for command in program.commands:
        if command.in_trap or command.is_repeated or _is_behind_a_wait(command, program):
            continue
        leaves_loop = command.in_condition and command.condition_of == "while" and not command.negated
        if command.failure_is_handled and not leaves_loop:
            continue
        for word in _watched(command):
            path = located(word, command)
            if not only_main_makes(path, helper, pod) or is_below(path, made):
                continue
            surely = not (command.in_branch or command.in_function or outlives_pod(path, helper, pod))
            effect = (
                f"`{helper.name}` runs `{command.name}` on `{path}`, which the main container makes, and that ends if "
                "there is no such path: as a native sidecar it starts first, and the main container might never start."
            )
            yield Early("refuse" if surely else "review", effect, _WAIT.format(path=path), command)


def _watched(command: SimpleCommand) -> Iterator[str]:
    argv = command.argv
    if command.name == "httpd":
        yield from filter(None, [option_value(argv, ("-h",))])
    elif command.name in _WATCHERS:
        operands = (word for at, word in enumerate(argv) if at and argv[at - 1] not in _VALUED)
        yield from (word.partition(":")[0] for word in operands if not word.startswith(("-", "@")) and "/" in word)


def _is_behind_a_wait(command: SimpleCommand, program: Program) -> bool:
    """Whether the script comes to this command only when what it waits for is there."""
    return any(command in wait.then for wait in program.waits if wait.until == "appears")


def _follows_nothing(helper: Member, pod: PodContext, program: Program) -> Iterator[Early]:
    """`tail -F /shared/*.log`: the shell looks for the files once, before main has made any."""
    for tail in tails(program):
        command = tail.command
        if not tail.retry or command.is_repeated or command.in_endless_loop or _is_behind_a_wait(command, program):
            continue
        found = "xargs" in command.words or any("$(" in word or "`" in word for word in command.words)
        for path in tail.files:
            if not (found or re.search(_GLOB, path)) or path in tail.prepared:
                continue
            if maker_of(path, helper, pod) == "main" and not outlives_pod(path, helper, pod):
                effect = (
                    f"`{helper.name}` looks for the files that `tail` shall follow once, at its start (`{path}`): as a "
                    "native sidecar it starts before the main container has made any, and follows nothing."
                )
                advice = "Wait for the files first, or look for new ones in a loop."
                yield Early("review", effect, advice, command)
                break


def _asks_once(helper: Member, pod: PodContext, program: Program) -> Iterator[Early]:
    """`TOKEN=$(cat /shared/token)` or `curl localhost/register` before a loop: nothing is there, and it goes on."""
    made = [located(use.path, use.command) for use in writes(program)]
    slept = min((one.offset for one in program.commands if one.name == "sleep" and not one.in_loop), default=None)
    for command in program.commands if program.script is not None else ():
        if command is program.decisive or command.in_loop or command.in_branch or command.in_function:
            continue
        if command.in_trap or command.failure_is_handled or _is_behind_a_wait(command, program):
            continue
        if slept is not None and slept < command.offset:
            continue
        place = endpoint(command) if command.name in ("curl", "wget") else None
        if place is not None and place.local and place.port in main_ports(pod) - own_ports(helper):
            if any(re.match(_TRIES_AGAIN, word) for word in command.argv[1:]):
                continue
            what = f"calls {place.target} once"
        else:
            kept = command.argv[1:] if command.name in _READERS and _is_used(command, program) else ()
            paths = (located(word, command) for word in kept)
            path = next((one for one in paths if only_main_makes(one, helper, pod) and not is_below(one, made)), "")
            if not path or outlives_pod(path, helper, pod):
                continue
            what = f"reads `{path}` once"
        effect = (
            f"`{helper.name}` {what}, at its start: as a native sidecar it starts before the main container, gets "
            "nothing, and goes on without."
        )
        yield Early("review", effect, "Let it wait first (`until ...; do sleep 1; done`), or try again.", command)


def _is_used(command: SimpleCommand, program: Program) -> bool:
    """Whether what a command prints is kept in a variable that the script uses."""
    if not command.in_substitution:
        return False
    kept = (one for other in program.commands for one in other.assignments if command.text in one)
    return any(re.search(rf"\$\{{?{re.escape(one.partition('=')[0])}\b", program.script or "") for one in kept)


def _asks_for_main(helper: Member, program: Program) -> Iterator[Early]:
    """`kubectl logs -f $HOSTNAME`: a container that has not started has no log."""
    names = [name for name, variable in helper.container.env.items() if variable.field_path == "metadata.name"]
    own_pod = rf"\$[({{]?(?:HOSTNAME|{'|'.join(map(re.escape, ['hostname', *names]))})\b|`hostname"
    for command in program.commands:
        if command.name not in ("kubectl", "oc") or command.is_repeated or command.in_endless_loop:
            continue
        if command is not program.decisive and failure_ends(command, program) != "surely":
            continue
        asks = _ON_A_RUNNING_CONTAINER.intersection(command.argv[at] for at in first_operands(command.argv))
        if asks and any(re.search(own_pod, word) for word in command.argv):
            effect = (
                f"`{helper.name}` runs `{command.name} {next(iter(asks))}` on its own pod, which fails while the main "
                "container is not running: as a native sidecar it starts first and ends at once."
            )
            yield Early("refuse", effect, "Put it into a loop that tries again.", command)
