"""Rules about main containers that wait, at their end, for what only the helper's end brings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from sidecarify.commands import FileUse, Program, SimpleCommand, Wait, kills, located, removes, writes
from sidecarify.commands.endpoints import endpoint
from sidecarify.judge.listening import listening
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.order import offered_ports
from sidecarify.judge.paths import place_of
from sidecarify.judge.rules.lifetime import program_line
from sidecarify.kube.container import Container

# Commands that ask what is in a file, not whether it is there.
_CONTENT = frozenset({"cat", "grep", "head", "wc", "cmp"})
_SHORTEST_PATTERN = 3


class _EndWait(NamedTuple):
    """A wait of a main container, what runs it, and the line. `at_stop`: it begins when the pod is stopped."""

    wait: Wait
    program: Program
    at_stop: bool
    line: int


def main_waits_for_helper_end(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A main container waits for what only the helper's end brings, and a native sidecar ends last.

    The helper is told to stop only when all main containers have ended. A main container that waits for its process or
    its port to go away, for a file that it makes when it is stopped, or for a lock that it then removes, waits in vain:
    in a Job for ever, in a preStop hook or upon SIGTERM until the grace period is over (hazard HOOK4).

    Fires on:
        kind: Deployment
        - name: app
          lifecycle: {preStop: {exec: {command: [sh, -c, "until [ -e /data/flushed ]; do sleep 1; done"]}}}
        - name: flush
          command: [sh, -c, "trap 'flush; touch /data/flushed; exit' TERM; while true; do flush; sleep 9 & wait; done"]

    Near miss:
        - name: flush
          command: [sh, -c, "while true; do if [ -e /data/stop ]; then flush; touch /data/flushed; fi; sleep 1; done"]

    Fix: Delete the wait: a native sidecar is stopped after the main container. Where main must know that the helper is
    done, let the helper do it while it runs, when main asks for it.
    """
    for main in pod.mains:
        for one in _waits(main):
            what = _brought_by_the_end(one, helper, main, pod)
            if not what:
                continue
            for_ever = not (one.at_stop or one.wait.limited) and pod.pod.runs_to_completion
            outcome = "both would run for ever" if for_ever else "the wait lasts until the grace period is over"
            if one.wait.limited:
                outcome = "it waits in vain until it gives up"
            yield Finding(
                "main-waits-for-helper-end",
                "refuse" if for_ever else "review",
                f"`{main.name}` waits (`{_short(one.wait.command.text)}`) until {what}; a native sidecar is stopped "
                f"only when `{main.name}` has ended: {outcome}.",
                "Delete the wait: a native sidecar is stopped after the main container anyway.",
                one.line,
            )
            return


def _waits(main: Member) -> Iterator[_EndWait]:
    container = main.container
    program = main.program
    if program is not None:
        for wait in (*program.waits, *program.limited_waits):
            yield _EndWait(wait, program, at_stop=False, line=_line(container, program, wait))
        for trap in program.traps:
            for wait in trap.waits:
                yield _EndWait(wait, program, "EXIT" not in trap.signals, _line(container, program, wait))
    hook = main.hook(container.pre_stop)
    if hook is not None and container.pre_stop is not None:
        for wait in (*hook.waits, *hook.limited_waits):
            yield _EndWait(wait, hook, at_stop=True, line=container.pre_stop.line)


def _line(container: Container, program: Program, wait: Wait) -> int:
    return program_line(container, wait.command, program.script_index)


def _brought_by_the_end(one: _EndWait, helper: Member, main: Member, pod: PodContext) -> str:
    """What the wait is for, as a message says it, if it comes only when the helper is stopped; "" if not."""
    wait = one.wait
    if not wait.local:
        return ""
    if wait.kind == "file":
        return _file(wait, helper, main, pod)
    if wait.until != "vanishes":
        return ""
    if wait.kind == "process":
        return f"`{helper.name}` has ended" if pod.pod.shares_processes and _is_process_of(wait, helper) else ""
    place = endpoint(wait.command)
    named = re.search(r":(\d{1,5})(?!\d)", wait.target)
    port = place.port if place is not None else int(named[1]) if named is not None else None
    if wait.kind not in ("port", "http") or port is None:
        return ""
    if port in offered_ports(helper):
        return f"`{helper.name}` has ended"
    if one.at_stop and not kills(one.program) and not _is_known(port, pod):
        return f"port {port} is closed, perhaps that of `{helper.name}`"
    return ""


def _is_known(port: int, pod: PodContext) -> bool:
    """Whether some container of the pod is known to listen on the port."""
    sidecars = (one for one in pod.inits if one.is_native_sidecar)
    return any(port in offered_ports(one) for one in pod.members) or any(
        found.number == port for one in sidecars for found in listening(one)
    )


def _is_process_of(wait: Wait, helper: Member) -> bool:
    """Whether the pattern that a main container looks for is a part of the name of the helper's process."""
    program = helper.program
    names = {helper.name}
    if program is not None:
        names |= {program.argv[0].rpartition("/")[2]} if program.argv and not program.shell else set()
        names |= {program.decisive.name} if program.decisive is not None else set()
    if helper.match is not None:
        names.add(helper.match.image.path[-1])
    wanted = _plain(wait.target).strip("^$")
    return len(wanted) >= _SHORTEST_PATTERN and any(wanted in _plain(name) for name in names)


def _plain(name: str) -> str:
    return name.replace("_", "-").lower()


def _file(wait: Wait, helper: Member, main: Member, pod: PodContext) -> str:
    """What the helper does with the awaited file only when it is stopped."""
    place = place_of(main.container, located(wait.target, wait.command))
    program = helper.program
    if place is None or program is None or not program.last_acts:
        return ""
    by_content = wait.command.name in _CONTENT
    how = _made if wait.until == "appears" or by_content else _removed
    last = {id(command) for command in program.last_acts}
    uses = list(how(helper, program))
    if not any(id(one.command) in last and _is_at(place, one) for one in uses):
        return ""
    if by_content:
        return f"`{wait.target}` changes, which `{helper.name}` does when it is stopped"
    hooks = (helper.hook(helper.container.pre_stop), helper.hook(helper.container.post_start))
    others = ((one, one.program) for one in pod.members if one is not helper)
    elsewhere = [one for one in uses if id(one.command) not in last]
    for member, running in (*((helper, hook) for hook in hooks), *others):
        elsewhere += how(member, running) if running is not None else ()
    if any(_is_at(place, one) for one in elsewhere):
        return ""
    verb = "makes" if wait.until == "appears" else "removes"
    return f"`{wait.target}` {wait.until}, which `{helper.name}` {verb} when it is stopped"


class _Use(NamedTuple):
    """A place (volume, path in it) that a command makes or removes."""

    command: SimpleCommand
    volume: str
    path: str


def _made(member: Member, program: Program) -> Iterator[_Use]:
    return _places(member, writes(program))


def _removed(member: Member, program: Program) -> Iterator[_Use]:
    return _places(member, removes(program))


def _places(member: Member, uses: Iterable[FileUse]) -> Iterator[_Use]:
    for use in uses:
        place = place_of(member.container, located(use.path, use.command))
        if place is not None:
            yield _Use(use.command, *place)


def _is_at(place: tuple[str, str], use: _Use) -> bool:
    """Whether a command makes or removes what is at the place: itself, by a glob, or with the folder around it."""
    volume, path = place
    return volume == use.volume and (fnmatchcase(path, use.path) or path.startswith(f"{use.path}/"))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


RULES: tuple[Rule, ...] = (Rule(main_waits_for_helper_end, ("refuse", "review"), ("HOOK4",)),)
