"""What a helper needs of the main container at its very start, and without which it ends (DEAD3, DEAD6, ORD2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from sidecarify.commands import (
    Guard,
    Lifetime,
    Program,
    SimpleCommand,
    failure_ends,
    inline_code,
    local_connections,
    located,
    nearby,
    searches_ports,
    sought_process,
    tails,
    writes,
)
from sidecarify.commands.endpoints import endpoint
from sidecarify.commands.processes import has_option
from sidecarify.judge import signs
from sidecarify.judge.model import Finding, Level, Member, PodContext, Rule
from sidecarify.judge.paths import filler_of, is_below, main_ports, maker_of, only_main_makes, outlives_pod, own_ports
from sidecarify.judge.rules.early import too_early
from sidecarify.judge.rules.inputs import Input, inputs_of_main
from sidecarify.judge.rules.lifetime import invocation, program_line

# They make what they name, they do not mind its absence, or another rule knows them.
_MAKERS = frozenset({"mkdir", "touch", "tee", "mkfifo", "echo", "printf", "exec", "trap", "inotifywait"})
_WITH_SUBCOMMANDS = frozenset({
    "apk", "apt", "apt-get", "aws", "az", "docker", "gcloud", "git", "gsutil", "helm", "kubectl", "make", "mc", "npm",
    "oc", "pip", "rclone", "restic", "systemctl", "terraform", "vault", "yarn", "yum",
})  # fmt: skip
_FILE_TESTS = frozenset({"-e", "-f", "-s", "-S", "-d", "-r", "-p", "-x", "-w"})
_CONFIG_FOLDERS = (
    "/etc/nginx",
    "/etc/envoy",
    "/etc/haproxy",
    "/usr/local/etc/haproxy",
    "/etc/traefik",
    "/etc/caddy",
    "/usr/local/openresty/nginx/conf",
)
# What code in Python, JavaScript, Ruby, Perl and PHP holds where it goes on after an error.
_HANDLES_ERRORS = r"\b(?:try|except|catch|rescue|eval)\b|\.on\(\s*['\"]error"
_STREAMING_CLIENTS = frozenset(
    {"vault", "bao", "consul", "redis-cli", "valkey-cli", "etcdctl", "curl", "wget", "nc", "ncat", "websocat", "psql"}
)


def needs_main_first(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper ends, or fails, when the main container is not up before it.

    As a native sidecar it starts first. If it then ends within seconds, the main container may never start, because the
    kubelet goes on only when it has seen the helper running (hazards DEAD3, DEAD6, ORD2). Found are exporters that give
    up, scripts that end when a call to the main container fails or when a file or a process of it is missing (`set -e`,
    `|| exit`, `if ! X; then exit 1; fi`, `X && exec daemon`, `. file` in a POSIX shell; in a loop too, for it is left
    in its first round), strict `wait-for-it`, and settings, certificates or programs that only the main container
    writes. A command that is not known, but names the pod's own address (`mytool --url http://localhost:80`), is a
    `review`, and so is code in the call (`python -c`) that asks main, or reads its files, and handles no error. A path
    that it watches (`inotifywait -m /shared/in`) must be there too, names that the shell looks for once (`tail -F
    /shared/*.log`) are none yet, and `kubectl logs` of its own pod has nothing to show. What an init container or
    another helper (git-sync, an agent for secrets) may have written does not count.

    Fires on:
        - name: proxy
          image: haproxy:3.0
          args: [-f, /shared/haproxy.cfg]
          volumeMounts: [{name: shared, mountPath: /shared}]      # an emptyDir that only the main container fills

    Near miss:
        # an init container writes /shared/haproxy.cfg

    Fix: Make the helper wait and try again, or make the file in an init container.
    """
    yield from _gives_up(helper, pod)
    yield from _made_by_main(helper, pod)
    program = helper.program
    if program is not None:
        yield from _strict_wait(helper, pod, program)
        looks = (
            chain(_fails_at_once(helper, pod, program), _fails_without_file(helper, pod, program)),
            _leaves_without(helper, pod, program),
            _fails_without_process(helper, pod, program),
            _code_without_main(helper, pod, program),
            _looks_too_early(helper, pod, program),
            _may_fail_without_main(helper, program),
        )
        yield from next((found for look in looks if (found := [*look])), ())
        yield from _streams_from_main(helper, pod, program)


def _first(helper: Member, level: Level, effect: str, advice: str, line: int) -> Finding:
    return Finding("needs-main-first", level, effect, advice, line)


def _gives_up(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """DEAD3: some exporters connect once at their start, and end if main does not answer."""
    if not helper.has_trait("needs-main") or helper.match is None:
        return
    if helper.program is not None and any(wait.until == "appears" for wait in helper.program.waits):
        return
    transform, version = helper.match.transform, helper.match.image.version
    call = invocation(helper)
    forced = transform.needs_main(call)
    if forced is None and (transform.waits(call) or (transform.min_version and helper.match.meets_min_version)):
        return
    advice = "Leave it where it is."
    level: Level = "refuse"
    if forced is not None:
        why = f"with `{forced}` it ends if the main container does not answer"
    elif transform.min_version is not None:
        first = ".".join(map(str, transform.min_version))
        age = f"is older than {first}" if version else f"may be older than {first} (its tag tells no version)"
        why = f"its image {age}, and such a version ends if the main container does not answer"
        options = [one.removesuffix("=*") for one in transform.waits_with if one.startswith("-")]
        advice = " or ".join([*(f"Give it `{one}`" for one in options), f"use a version from {first} on."])
        level = "refuse" if version else "review"
    else:
        why = "it ends if what it measures does not answer at its start"
        advice = "Leave it where it is, or let its command wait first."
        level = "refuse" if signs.dials(helper.container, main_ports(pod)) else "review"
    effect = f"`{helper.name}` would start before the main container, and {why}: that might then never start."
    yield _first(helper, level, effect, advice, helper.container.line_of("image"))


def _made_by_main(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """DEAD6: what the helper reads at its start lies where only main can have put it."""
    for found in inputs_of_main(helper, pod):
        yield _unmade(helper, pod, found)
        return
    waits = helper.program.waits if helper.program is not None else ()
    if not helper.has_trait("proxy") or any(wait.until == "appears" for wait in waits):
        return
    for mount in helper.container.mounts:
        if mount.path.rstrip("/").startswith(_CONFIG_FOLDERS) and maker_of(mount.path, helper, pod) == "main":
            if filler_of(mount.path, helper, pod) is None:
                yield _unmade(helper, pod, Input(mount.path, "its configuration", "surely", mount.line))
            return


def _unmade(helper: Member, pod: PodContext, found: Input) -> Finding:
    surely = found.certainty == "surely" and not outlives_pod(found.path, helper, pod)
    reads = "runs" if found.what in ("its program", "its script") else "reads"
    effect = (
        f"`{helper.name}` {reads} {found.what} from `{found.path}`, which of all in the pod only the main container "
        f"can make: as a native sidecar it starts before, does not find it, and {'ends' if surely else 'may end'}."
    )
    advice = "Make the file in an init container, or mount it from a ConfigMap or Secret."
    return _first(helper, "refuse" if surely else "review", effect, advice, found.line)


def _strict_wait(helper: Member, pod: PodContext, program: Program) -> Iterator[Finding]:
    for connection in local_connections(program):
        if not connection.waits or connection.handled or connection.endpoint.port in own_ports(helper):
            continue
        effect = (
            f"`{helper.name}` waits for {connection.endpoint.target} and fails when its time is over: as a native "
            "sidecar it starts before what it waits for."
        )
        line = program_line(helper.container, connection.command, program.script_index)
        yield _first(helper, "refuse", effect, "Let it wait without a limit, or drop `--strict`.", line)
        return


def _fails_at_once(helper: Member, pod: PodContext, program: Program) -> Iterator[Finding]:
    for connection in local_connections(program):
        command, place = connection.command, connection.endpoint
        if command.in_trap or command.in_background or place.port in own_ports(helper):
            continue
        if _has_waited(command, program):
            continue
        ends = failure_ends(command, program)
        if not ends and (connection.handled or not (program.set_e or (program.loop_can_fail and _leaves(program)))):
            continue
        if place.kind == "socket" and maker_of(place.target, helper, pod) != "main":
            continue
        effect = (
            f"The script of `{helper.name}` ends when `{_short(command.text)}` fails, as it does while the main "
            "container is not up: as a native sidecar it starts first and ends at once."
        )
        line = program_line(helper.container, command, program.script_index)
        level: Level = "review" if ends == "maybe" else "refuse"
        yield _first(
            helper, level, effect, "Let the call fail without ending the script (`|| true`), or wait first.", line
        )
        return


def _leaves(program: Program) -> bool:
    """Whether the script has a way out of its own."""
    return any(one.words[:1] in (("exit",), ("return",), ("break",)) and not one.in_trap for one in program.commands)


def _fails_without_file(helper: Member, pod: PodContext, program: Program) -> Iterator[Finding]:
    """A command before the loop or daemon that fails, and ends the script, because main has not made a file yet."""
    following = {id(tail.command) for tail in tails(program)}
    made = [located(use.path, use.command) for use in writes(program)]
    for command in program.commands if program.script is not None else ():
        ends = failure_ends(command, program)
        if not ends or command.name in _MAKERS or id(command) in following or command is program.decisive:
            continue
        if _has_waited(command, program):
            continue
        for path in _needed(command):
            if not only_main_makes(path, helper, pod) or is_below(path, made) or _is_tested(path, command, program):
                continue
            surely = ends == "surely" and not outlives_pod(path, helper, pod)
            effect = (
                f"The script of `{helper.name}` ends when `{_short(command.text)}` fails, and `{path}` is made by the "
                "main container: as a native sidecar it starts first, and the main container might never start."
            )
            advice = f"Wait for the file first (`until [ -e {path} ]; do sleep 1; done`), or go on without it."
            line = program_line(helper.container, command, program.script_index)
            yield _first(helper, "refuse" if surely else "review", effect, advice, line)
            return


def _has_waited(command: SimpleCommand, program: Program) -> bool:
    """Whether the script has waited for a file or an endpoint before this command, or waits by it."""
    waits = [one for one in program.waits if one.until == "appears" and one.kind in ("file", "port", "http")]
    return any(one.command is command or command in one.then or command.in_function for one in waits)


def _is_tested(path: str, command: SimpleCommand, program: Program) -> bool:
    """Whether the command runs only where a test has seen that the file is there: `[ -f X ] && cat X`."""
    if not command.in_branch:
        return False
    tests = (one for one in program.commands if one.in_condition or one.leads_on)
    return any(path in _needed(one) for one in tests if _is_test(one) and one.offset < command.offset)


def _is_test(command: SimpleCommand) -> bool:
    return command.name in ("[", "[[", "test") and not command.negated


def _leaves_without(helper: Member, pod: PodContext, program: Program) -> Iterator[Finding]:
    """`if ! curl localhost; then exit 1; fi`: the script looks for main at its start, and leaves."""
    made = [located(use.path, use.command) for use in writes(program)]
    for guard in program.guards:
        command = guard.command
        if command.in_trap or not guard.local or _has_waited(command, program):
            continue
        lasts = False
        if guard.kind in ("file", "socket"):
            path = located(guard.target, command)
            if not only_main_makes(path, helper, pod) or is_below(path, made):
                continue
            lasts = outlives_pod(path, helper, pod)
        elif guard.kind == "process":
            # `$PID` is what the script itself has started, 1 the pause of the pod.
            if not pod.pod.shares_processes or guard.target.startswith("$") or guard.target.isdecimal():
                continue
        elif guard.kind not in ("port", "http") or _is_own_place(guard, helper):
            continue
        surely = not (command.in_branch or command.in_function or lasts)
        effect = (
            f"The script of `{helper.name}` ends when `{_short(command.text)}` finds nothing, as it does while the "
            "main container is not up: as a native sidecar it starts first and ends at once."
        )
        advice = "Let it try again instead of leaving (`until ...; do sleep 1; done`), or go on without it."
        line = program_line(helper.container, command, program.script_index)
        yield _first(helper, "refuse" if surely else "review", effect, advice, line)
        return


def _fails_without_process(helper: Member, pod: PodContext, program: Program) -> Iterator[Finding]:
    """`set -e` and `pidof app`, `pkill -HUP app`: the process of main is not there yet."""
    for command in program.commands if program.script is not None and pod.pod.shares_processes else ():
        ends = failure_ends(command, program)
        if not ends or not sought_process(command, program) or _has_waited(command, program):
            continue
        effect = (
            f"The script of `{helper.name}` ends when `{_short(command.text)}` finds no process, as it does while the "
            "main container is not up: as a native sidecar it starts first and ends at once."
        )
        advice = "Let it fail without ending the script (`|| true`), or wait for the process first."
        line = program_line(helper.container, command, program.script_index)
        surely = ends == "surely" and not command.in_branch
        yield _first(helper, "refuse" if surely else "review", effect, advice, line)
        return


def _may_fail_without_main(helper: Member, program: Program) -> Iterator[Finding]:
    """A command that nothing is known of names the pod's own address, and its failure ends the script."""
    environment = {name: variable.value for name, variable in helper.container.env.items()}
    for command in program.commands if program.script is not None else ():
        if not failure_ends(command, program) or _has_waited(command, program):
            continue
        place = nearby(command, program, environment)
        if (place is None or place.port in own_ports(helper)) and not searches_ports(command):
            continue
        effect = (
            f"The script of `{helper.name}` ends when `{_short(command.text)}` fails, as it may while the main "
            "container is not up: as a native sidecar it starts first, and the main container might never start."
        )
        advice = "Let the call fail without ending the script (`|| true`), or wait first."
        line = program_line(helper.container, command, program.script_index)
        yield _first(helper, "review", effect, advice, line)
        return


def _code_without_main(helper: Member, pod: PodContext, program: Program) -> Iterator[Finding]:
    """`python -c CODE` that asks main or reads its files, and handles no error: the first one ends it."""
    for command in program.commands:
        code = inline_code(command.argv)
        if not code or re.search(_HANDLES_ERRORS, code) or command.failure_is_handled or command.is_repeated:
            continue
        asks = (found[0] for found in signs.LOCAL_ADDRESS.finditer(code) if int(found[1]) not in own_ports(helper))
        what = next((f"asks `{address}`" for address in asks), "")
        for mount in helper.container.mounts if not what else ():
            read = re.search(rf"(?<![\w.-]){re.escape(mount.path.rstrip('/'))}/[\w.-]", code)
            if read and maker_of(mount.path, helper, pod) == "main" and filler_of(mount.path, helper, pod) is None:
                what = f"reads below `{mount.path}`"
        if what:
            effect = (
                f"The code of `{helper.name}` {what} and handles no error, so it ends if that fails, as it may while "
                "the main container is not up: as a native sidecar it starts first."
            )
            line = program_line(helper.container, command, program.script_index)
            yield _first(helper, "review", effect, "Let it catch the error and try again.", line)
            return


def _looks_too_early(helper: Member, pod: PodContext, program: Program) -> Iterator[Finding]:
    for early in too_early(helper, pod, program):
        line = program_line(helper.container, early.command, program.script_index)
        yield _first(helper, early.level, early.effect, early.advice, line)
        return


def _is_own_place(guard: Guard, helper: Member) -> bool:
    place = endpoint(guard.command)
    return place is not None and place.port in own_ports(helper)


def _needed(command: SimpleCommand) -> Iterator[str]:
    """The paths without which a command fails: what it reads, tests or changes, not what it writes."""
    if command.name in ("[", "[[", "test"):
        words = command.argv[1:]
        if "!" in words or "-o" in words or "||" in words or "-z" in words or "-n" in words:
            return
        yield from (located(words[at + 1], command) for at, word in enumerate(words[:-1]) if word in _FILE_TESTS)
        return
    if (command.name == "rm" and has_option(command.argv, "-f")) or (
        command.name == "ln" and has_option(command.argv, "-s")
    ):
        return
    yield from (redirect.target for redirect in command.redirects if redirect.operator == "<")
    operands = [word for word in command.argv[1:] if not word.startswith("-")]
    if command.name in ("cp", "mv", "ln", "install", "rsync"):
        operands = operands[:-1]
    for word in operands:
        # Of `git pull`, the operand is no file.
        path = located(word, command) if "/" in word or command.name not in _WITH_SUBCOMMANDS else ""
        if path.startswith("/"):
            yield path


def _streams_from_main(helper: Member, pod: PodContext, program: Program) -> Iterator[Finding]:
    """A client that holds one connection to main for ever: it fails while main is not up."""
    command = program.decisive
    if command is None or command.name not in _STREAMING_CLIENTS or program.lifetime is not Lifetime.FOREVER:
        return
    if command.in_loop or command.failure_is_handled:
        return
    place = signs.dials(helper.container, main_ports(pod) - own_ports(helper))
    if place is None:
        return
    effect = (
        f"`{helper.name}` runs `{command.text}`, which holds a connection to the main container ({place.text}) and "
        "ends while that is not up: as a native sidecar it starts first."
    )
    yield _first(helper, "review", effect, "Put it into a loop that tries again.", place.line)


def _short(text: str) -> str:
    joined = " ".join(text.split())
    return joined if len(joined) <= 60 else f"{joined[:59].rstrip()}…"


RULES: tuple[Rule, ...] = (Rule(needs_main_first, ("refuse", "review"), ("DEAD3", "DEAD6", "ORD2")),)
