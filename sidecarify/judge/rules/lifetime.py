"""Rules about how long the helper's program runs: a native sidecar must not end by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecarify.commands import Lifetime, Program, SimpleCommand, tails
from sidecarify.judge import signs
from sidecarify.judge.configuration import settings_from_config_maps, switched_on
from sidecarify.judge.model import Evidence, Finding, Member, PodContext, Rule
from sidecarify.judge.paths import maker_of
from sidecarify.kube import fields
from sidecarify.kube.container import Container
from sidecarify.kube.invocation import Invocation, read_invocation

_SCRIPT_FILE = r"\.(?:sh|bash|py|rb|pl|js|ts|php|lua)$"
# What a script does when it is over; it carries nothing on.
NO_WORK = frozenset({
    "echo", "printf", "exit", "true", ":", "date", "sleep", "kill", "pkill", "killall", "set", "trap", "return", "wait",
    "break", "logger", "unset",
})  # fmt: skip
_NOTHING = Evidence("", 0)
_NEVER_AGAIN = frozenset({"Never", "OnFailure"})


def invocation(helper: Member, pod: PodContext | None = None) -> Invocation:
    """How the helper's own program is called: the command that its script ends in, where it runs a script.

    With `pod`, what its variables get from ConfigMaps of the run is known too.
    """
    container = helper.container
    environment = settings_from_config_maps(container, pod) if pod is not None else {}
    environment |= {name: variable.value for name, variable in container.env.items() if variable.value is not None}
    program = helper.match.image.path[-1] if helper.match is not None else None
    command = helper.program
    if command is not None and command.shell:
        words = command.decisive.argv if command.decisive is not None else ()
        return read_invocation(words[1:], words[:1], environment, program)
    return read_invocation(container.args, container.command, environment, program)


def program_line(container: Container, command: SimpleCommand | None, script_index: int | None) -> int:
    """The line of the manifest where a command of the container's program stands."""
    if command is not None and script_index is not None and script_index < len(container.words):
        return container.word_line(script_index, command.line)
    return container.word_line(0) if container.words else container.line


def one_shot_helper(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper's program does its work once and ends.

    A native sidecar is restarted whenever it ends, with exit code 0 too (hazard JOB1; KEP-753). One that ends within
    seconds may never be seen running by the kubelet: then what stands after it, the main container included, is never
    started (hazard ORD2; k/k#120848). Known are the one-shot flags of helper families (`--one-time`, `METHOD=LIST`),
    their settings in a ConfigMap that stands in the run too (`exit_after_auth = true`), and scripts without a loop or a
    daemon at their end, in the manifest or in such a ConfigMap.

    Fires on:
        - name: git-sync
          image: registry.k8s.io/git-sync/git-sync:v4.2.4
          args: [--repo=https://git.example/site, --one-time]

    Near miss:
          args: [--repo=https://git.example/site, --one-time=false]

    Fix: Make it an ordinary init container (without `restartPolicy`) if main needs its result at start, or let it run
    for ever.
    """
    container = helper.container
    why, line, file = _why_it_ends(helper, pod)
    if not why:
        return
    if ends_after_main(helper, pod):
        yield Finding(
            "one-shot-helper",
            "review",
            f"`{container.name}` waits for a sign of the main container and then ends ({why}); a native sidecar is "
            "stopped with the main container anyway, and started again if the sign comes earlier.",
            "Start its program directly, without the wait, if the sign only tells that the main container is done.",
            line,
            file,
        )
        return
    program = helper.program
    waits = program is not None and any(wait.until in ("appears", "vanishes") for wait in program.waits)
    advice = "Make it an ordinary init container if its result is needed at the start, or let it keep running."
    yield Finding(
        "one-shot-helper",
        "refuse",
        f"`{container.name}` ends by itself ({why}): as a native sidecar it would be started again and again, and the "
        "main container might never start.",
        "Leave it where it is, or let it keep running." if waits else advice,
        line,
        file,
    )


def ends_at_once(helper: Member, pod: PodContext) -> bool:
    """Whether the helper's program is known to do its work once and end: it stays, whatever it is to the pod."""
    return bool(_why_it_ends(helper, pod).text)


def ends_after_main(helper: Member, pod: PodContext) -> bool:
    """Whether a Job's helper ends only after a sign of main, and does nothing then but end its own processes."""
    program = helper.program
    if program is None or program.lifetime is not Lifetime.ENDS or not pod.pod.runs_to_completion:
        return False
    for wait in program.waits:
        theirs = wait.kind == "file" and maker_of(wait.target, helper, pod) == "main" and not wait.busy
        if theirs and wait.until == "appears" and not any(one.words and one.name not in NO_WORK for one in wait.then):
            return True
    return False


def _why_it_ends(helper: Member, pod: PodContext) -> Evidence:
    """What says that the helper's program ends by itself; without a text if nothing does."""
    container = helper.container
    program = helper.program
    family = helper.match is not None and helper.match.transform.safe != "by-command"
    if family and helper.match is not None and not _starts_again(program):
        found = helper.match.transform.one_shot(invocation(helper, pod))
        if found is not None:
            subcommand = not found.startswith("-") and "=" not in found
            text = f"its sub-command `{found}` ends when it is done" if subcommand else f"`{found}`"
            return Evidence(text, _line_with(container, found))
        setting = switched_on(container, helper.match.transform.one_shot_settings, pod)
        if setting is not None:
            return setting
    if program is None:
        idle = fields.is_true(container.node, "stdin") or fields.is_true(container.node, "tty")
        if helper.match is not None and not family and not idle:
            return Evidence(
                "its image has no program of its own and it is given no command", container.line_of("image")
            )
        return _NOTHING
    if program.lifetime is not Lifetime.ENDS:
        return _NOTHING
    return Evidence(program.reason, program_line(container, program.decisive, program.script_index))


def _starts_again(program: Program | None) -> bool:
    """Whether a script that never ends starts the helper's program in a loop, again and again."""
    endless = program is not None and program.shell and program.lifetime is Lifetime.FOREVER
    return endless and program is not None and (program.decisive is None or program.decisive.in_loop)


def _line_with(container: Container, found: str) -> int:
    name = found.partition("=")[0]
    if name in container.env:
        return container.env[name].line
    first = found.split(" ", maxsplit=1)[0]
    return next((node.line for node in container.words if first in node.value), container.line)


def lifetime_unknown(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Nothing in the manifest says whether the helper's program keeps running.

    A native sidecar that ends is started again for ever, and one that ends at once may keep the main container from
    starting (hazards ORD2, JOB1). What an image does by default, what a script in the image or in a ConfigMap that is
    not in the run does, and a script that cannot be read, are invisible here, and are never assumed to be safe. So is a
    helper that runs another program and ends with it (`litestream replicate -exec`), and a loop that a command which
    nobody knows may leave (`if my-check; then exit 1; fi`; `my-check || exit 1` is a failure, and no plan). Daemons of
    known families, options such as `--listen` or `--watch`, ports and probes all say that a program stays; of names
    only that of a family (`metrics-exporter`) does, not an ending (`data-exporter`).

    Fires on:
        - {name: cert-watcher, image: corp/certs:3, command: [/opt/scripts/certs.sh], volumeMounts: [...]}

    Near miss:
        - {name: cert-watcher, image: corp/certs:3, command: [/opt/certs, --watch, /certs], volumeMounts: [...]}

    Fix: If you know that it keeps running, move it by name (`--helper`).
    """
    if pod.role_of(helper).name != "helper":
        return
    container = helper.container
    known = helper.known
    program = helper.program
    hint = _hint_of_an_end(helper, pod)
    if hint is not None:
        yield _unknown(helper, hint.text, hint.line)
        return
    lasting = _is_called_a_daemon(helper) and not pod.pod.runs_to_completion
    general = helper.match is not None and helper.match.transform.safe == "by-command"
    if program is None:
        if known or (not general and (signs.stays(container) or lasting)):
            return
        if ends_at_once(helper, pod):
            return
        reason, line = "only its image knows what it runs", container.line_of("image")
    else:
        if program.lifetime is not Lifetime.UNKNOWN or (known and program.entrypoint_unseen):
            return
        hidden = not program.readable or bool(program.argv and re.search(_SCRIPT_FILE, program.argv[0]))
        if not hidden and not program.shell and (known or signs.stays(container)):
            return
        if not hidden and program.entrypoint_unseen and lasting:
            return
        own = program.shell and known and _is_own_program(helper, program.decisive)
        if not hidden and own and not program.may_leave:
            return
        reason = program.reason or "its script cannot be read"
        line = program_line(container, program.decisive, program.script_index)
    yield _unknown(helper, reason, line)


def _is_called_a_daemon(helper: Member) -> bool:
    """Whether it bears the very name of a family (`metrics-exporter`), tells lasting work, and is given options only.

    An ending of a name (`data-exporter`) says nothing of how long its program runs, nor does a sub-command of one that
    nobody knows.
    """
    if helper.match is None or helper.matched_by != "name" or helper.name not in helper.match.transform.names:
        return False
    first = next(iter(helper.container.args), "-")
    return first.startswith("-") and signs.lasting_work(helper.container)


def _hint_of_an_end(helper: Member, pod: PodContext) -> Evidence | None:
    """What in the call of a known program may make it end: another program that it runs, a setting from elsewhere."""
    if not helper.known or helper.match is None or _starts_again(helper.program):
        return None
    container = helper.container
    transform = helper.match.transform
    call = invocation(helper, pod)
    wrapped = transform.wraps(call)
    if wrapped is not None:
        return Evidence(
            f"`{wrapped}` makes it run another program, and it ends with that", _line_with(container, wrapped)
        )
    for pattern in transform.one_shot_args:
        variable = container.env.get(pattern.partition("=")[0])
        if variable is not None and variable.value is None and variable.name not in call.env:
            return Evidence(f"the value of `{variable.name}` stands elsewhere", variable.line)
    return None


def _unknown(helper: Member, reason: str, line: int) -> Finding:
    container = helper.container
    return Finding(
        "lifetime-unknown",
        "review",
        f"Whether `{container.name}` keeps running cannot be seen ({reason}): if it ends, a native sidecar is started "
        "again and again, and the main container might never start.",
        f"Look at what it runs, and move it with `--helper {container.name}` if that never ends.",
        line,
    )


def _is_own_program(helper: Member, command: SimpleCommand | None) -> bool:
    """Whether the script ends in the program that the image is known for."""
    return command is not None and helper.match is not None and command.name == helper.match.image.path[-1]


def container_restart_policy(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The container has a restart policy of its own that a native sidecar cannot have.

    `restartPolicy: Never` or `OnFailure` on a container, and `restartPolicyRules`, say that it must not be restarted at
    any exit; a native sidecar is restarted always, and may have no rules (hazard JOB11; DOC pod-lifecycle, API
    core/v1).

    Fires on:
        - {name: state-exporter, image: corp/state-exporter:1, restartPolicy: Never}

    Near miss:
        - {name: state-exporter, image: corp/state-exporter:1, restartPolicy: Always}

    Fix: Leave it in `containers`, or drop the policy if it may be restarted.
    """
    container = helper.container
    policy = container.restart_policy
    rules = fields.items(container.node, "restartPolicyRules")
    if policy not in _NEVER_AGAIN and not rules:
        return
    what = f"`restartPolicy: {policy}`" if policy in _NEVER_AGAIN else "`restartPolicyRules`"
    yield Finding(
        "container-restart-policy",
        "refuse",
        f"`{container.name}` has {what}, so it must not be restarted at every exit; a native sidecar always is.",
        "Leave it where it is, or drop its restart policy if it may run again.",
        container.line_of("restartPolicy" if policy in _NEVER_AGAIN else "restartPolicyRules"),
    )


def restart_all_containers(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A main container restarts the whole pod, and a native sidecar would be run again with it.

    The action `RestartAllContainers` of `restartPolicyRules` (Kubernetes 1.35, alpha) runs the init list again, and the
    helper with it, from the start (hazard JOB12; API ContainerRestartRuleActionRestartAllContainers).

    Fires on:
        - name: train
          restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [42]}}]

    Near miss:
          restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]

    Fix: Make sure that the helper may start again on the files that it left behind.
    """
    for main in pod.mains:
        for rule in fields.items(main.container.node, "restartPolicyRules"):
            if fields.text(rule, "action") == "RestartAllContainers":
                yield Finding(
                    "restart-all-containers",
                    "review",
                    f"`{main.name}` may restart the whole pod (`RestartAllContainers`); as a native sidecar "
                    f"`{helper.name}` would then run again from its start on the volumes as they are.",
                    "Check that it can start a second time on what it left behind.",
                    fields.line(rule, "action") or rule.line,
                )


def tail_without_retry(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """`tail -f` ends when its file does not exist, and the main container makes the file.

    GNU and busybox `tail -f` end with status 1 when no file can be opened. Today the two containers start at about the
    same time and a restart hides it; as a native sidecar the helper starts first, ends, and may keep the main container
    from ever starting (hazards DEAD4, ORD2; k/k#120848). `tail -F` waits for the file.

    Fires on:
        - name: log
          image: busybox
          args: [tail, -n+1, -f, /var/log/app/app.log]
          volumeMounts: [{name: logs, mountPath: /var/log/app}]

    Near miss:
          args: [tail, -n+1, -F, /var/log/app/app.log]

    Which file is meant is read through `cd`, `workingDir`, variables and parameters of the script. Where it cannot be
    known and a shared volume is there, the answer is `review`. A loop that starts `tail -f` again makes it harmless.

    Fix: Write `-F` (`--follow=name --retry`) instead of `-f`.
    """
    program = helper.program
    if program is None:
        return
    container = helper.container
    for tail in tails(program):
        command = tail.command
        ends_loop = program.set_e and not command.failure_is_handled
        if tail.retry or (command.is_repeated and not ends_loop):
            continue
        line = program_line(container, command, program.script_index)
        missing = [path for path in tail.files if path not in tail.prepared]
        path = next((one for one in missing if maker_of(one, helper, pod) == "main"), None)
        if path is None:
            if tail.unknown and _mounts_files_of_main(helper, pod):
                yield Finding(
                    "tail-without-retry",
                    "review",
                    f"`{container.name}` runs `tail -f` on a file that is not spelled out in the manifest; if the main "
                    "container makes it, `tail` ends before, and the main container might never start.",
                    "Write `tail -F` instead of `tail -f`: it waits for the file.",
                    line,
                )
            continue
        if program.script_index is None:
            line = next((node.line for node in container.words if node.value == path), line)
        several = tail.unknown or any(maker_of(one, helper, pod) != "main" for one in tail.files)
        again = command.failure_is_handled or (command.in_loop and program.lifetime is Lifetime.UNKNOWN)
        yield Finding(
            "tail-without-retry",
            "review" if several or again else "refuse",
            f"`{container.name}` runs `tail -f`, which ends when `{path}` does not exist, and the main container has "
            "not made it yet when a native sidecar starts: the main container might never start.",
            "Write `tail -F` instead of `tail -f`: it waits for the file.",
            line,
        )


def _mounts_files_of_main(helper: Member, pod: PodContext) -> bool:
    return any(maker_of(mount.path, helper, pod) == "main" for mount in helper.container.mounts)


RULES: tuple[Rule, ...] = (
    Rule(one_shot_helper, ("refuse", "review"), ("ORD2", "JOB1")),
    Rule(lifetime_unknown, ("review",), ("ORD2", "JOB1")),
    Rule(container_restart_policy, ("refuse",), ("JOB11",)),
    Rule(restart_all_containers, ("review",), ("JOB12",)),
    Rule(tail_without_retry, ("refuse", "review"), ("DEAD4",)),
)
