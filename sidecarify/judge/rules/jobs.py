"""Rules about pods that run to completion: what a Job loses when its helper no longer counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecarify.commands import Lifetime, Program, SimpleCommand, Wait, non_idempotent, uploads
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.paths import job_spec, mount_of
from sidecarify.judge.rules.lifetime import NO_WORK, ends_after_main, program_line
from sidecarify.kube import fields

_CHECKS = (
    r"(?:^|[^a-z])(?:verif(?:y|ier)|validat(?:e|or)|tests?|tester|check(?:er)?|assert|lint(?:er)?|audit)(?:$|[^a-z])"
)

# What a wait waits for, by what it looks at: that it comes, or that it goes.
_VERBS = {
    "file": ("appear", "go away"),
    "port": ("answer", "be closed"),
    "http": ("answer", "stop answering"),
    "socket": ("answer", "stop answering"),
    "process": ("start", "end"),
    "command": ("succeed", "fail"),
}
_DEFAULT_GRACE = 30
_STOPPED = frozenset({1, 2, 137, 143})
_JOBS = frozenset({"Job", "CronJob", "ScaledJob", "JobSet", "AdvancedCronJob", "BroadcastJob"})


def job_postprocess(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper waits until the main container is done, and then works: as a native sidecar it is stopped instead.

    In a pod that runs to completion, native sidecars get SIGTERM as soon as the last main container has ended
    (KEP-753). A helper that then uploads results, checks them or cleans up is killed in the middle, and nobody is told:
    the Job has succeeded (hazard JOB3; kestra-io/plugin-kubernetes#215, NVIDIA/OSMO#764). A helper that uploads again
    and again in an endless loop (a watcher's pipe, a function, `watch`) may miss what was written since its last round
    (review), and one that uploads upon SIGTERM has the 30 s of a default grace period. Ending its own processes after
    the wait is no work.

    Fires on:
        kind: Job
        - name: upload
          image: amazon/aws-cli:2.17.0
          command: [sh, -c, "until [ -f /out/done ]; do sleep 2; done; aws s3 cp --recursive /out s3://results/"]

    Near miss:
          command: [sh, -c, "until [ -f /out/ready ]; do sleep 2; done; exec fluent-bit -c /etc/fb.conf"]

    Fix: Leave it in `containers`; or do the work at the end of the main container, or upon SIGTERM with a
    `terminationGracePeriodSeconds` that is long enough.
    """
    program = helper.program
    if not pod.pod.runs_to_completion or program is None:
        return
    # The last wait before the work is the one that counts.
    for wait in reversed(program.waits):
        work = work_after(wait, program)
        if work is not None:
            line = program_line(helper.container, work, program.script_index)
            yield Finding(
                "job-postprocess",
                "refuse",
                f"`{helper.name}` waits for {_awaited(wait)} and then runs `{_short(work.text)}`: a native sidecar is "
                "stopped when the main container has ended, so this work would be lost, and the Job would still "
                "succeed.",
                "Leave it where it is, or do this work in the main container or upon SIGTERM with enough grace.",
                line,
            )
            return
    for command in uploads(program):
        enough = command.in_trap and pod.pod.grace_seconds > _DEFAULT_GRACE
        if command.in_endless_loop or (program.lifetime is not Lifetime.ENDS and not enough):
            line = program_line(helper.container, command, program.script_index)
            yield Finding("job-postprocess", "review", *_upload_that_may_miss(helper, command, program, pod), line)
            return


def _upload_that_may_miss(helper: Member, command: SimpleCommand, program: Program, pod: PodContext) -> tuple[str, str]:
    """What an upload that nobody waits for may miss, and what to do: by whether it is repeated, and made at the end."""
    last = {id(one) for one in program.last_acts}
    if any(id(one) in last for one in uploads(program)):
        return (
            f"`{helper.name}` uploads once more when it is stopped, which is when the main container has ended: what "
            f"does not get through within what is left of {pod.pod.grace_seconds} s of grace is lost.",
            "Set `terminationGracePeriodSeconds` to what the last upload may take, then move it by its name.",
        )
    if not (command.in_endless_loop or command.in_loop):
        return (
            f"`{helper.name}` uploads once (`{_short(command.text)}`): if the main container has ended before that is "
            "done, it is stopped, and the upload is lost.",
            "Leave it where it is, or upload in the main container or upon SIGTERM with enough grace.",
        )
    return (
        f"`{helper.name}` uploads again and again; stopped as soon as the main container has ended, it may miss what "
        "was written since the last round.",
        "Upload once more upon SIGTERM (`trap`), with a terminationGracePeriodSeconds that is long enough.",
    )


def work_after(wait: Wait, program: Program) -> SimpleCommand | None:
    """The first real work behind a wait, if the program ends after it."""
    if program.lifetime is Lifetime.FOREVER or wait.repeats:
        return None
    works = [one for one in wait.then if one.name not in NO_WORK and not one.in_trap and one.words]
    sent = {id(command) for command in uploads(program)}
    return next((command for command in works if id(command) in sent), works[0] if works else None)


def _awaited(wait: Wait) -> str:
    if wait.command.name == "inotifywait":
        return f"an event in `{wait.target}`"
    come, go = _VERBS[wait.kind]
    what = f"the process `{wait.target}`" if wait.kind == "process" else f"`{wait.target}`"
    return f"{what} to {come if wait.until == 'appears' else go}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def exit_code_matters(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The exit code of the helper decides whether the Job has succeeded; that of a native sidecar is ignored.

    A Job fails when one of its containers fails. Native sidecars do not count (hazard JOB4; DOC sidecar-containers,
    kubectl#1739): a test runner or validator that fails would leave the Job successful, silently. Daemons that are
    known to run for ever have no exit code that anybody waits for.

    Fires on:
        kind: Job
        - name: verify
          image: corp/contract-verifier:2
          command: [sh, -c, "while [ ! -e /records/.end ]; do sleep 1; done; verify --strict /records"]

    Near miss:
        - name: proxy
          image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0

    Fix: Leave it in `containers`.
    """
    if not pod.pod.runs_to_completion:
        return
    program = helper.program
    container = helper.container
    if ends_after_main(helper, pod):
        return
    ends = program is not None and program.lifetime is Lifetime.ENDS
    known = helper.known
    if not ends and (known or not re.search(_CHECKS, f"{container.name} {container.image.rpartition('/')[2]}".lower())):
        return
    if not ends and program is not None and program.lifetime is Lifetime.FOREVER:
        return
    line = container.line
    if program is not None:
        line = program_line(container, program.decisive, program.script_index)
    yield Finding(
        "exit-code-matters",
        "refuse" if ends else "review",
        f"If `{container.name}` fails, the {_owner(pod)} fails today; the exit code of a native sidecar is ignored, "
        "so a failure would go unnoticed.",
        "Leave it where it is if its result matters.",
        line,
    )


def _owner(pod: PodContext) -> str:
    kind = pod.pod.owner.kind
    return "Job" if kind in ("Job", "CronJob") else "pod"


def failure_policy_names_helper(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The Job's podFailurePolicy has a rule for the exit code of the helper.

    The name stays valid when the helper becomes a native sidecar, but its exit code then is that of being stopped (143,
    137), not that of its work: the rule decides about something else (hazard JOB6; pod_failure_policy.go).

    Fires on:
        podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {containerName: verify, operator: In, values: [3]}}]}

    Near miss:
        podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {containerName: main, operator: In, values: [3]}}]}

    Fix: Leave the helper in `containers`, or write the rule for the main container.
    """
    for rule in fields.items(job_spec(pod), "podFailurePolicy", "rules"):
        codes = fields.find(rule, "onExitCodes")
        if codes is not None and fields.text(codes, "containerName") == helper.name:
            yield Finding(
                "failure-policy-names-helper",
                "refuse",
                f"A rule of the podFailurePolicy decides by the exit code of `{helper.name}`; as a native sidecar it "
                "ends with the code of being stopped (143 or 137), whatever its work was.",
                "Leave it where it is, or write the rule for the main container.",
                fields.line(codes, "containerName") or codes.line,
            )


def failure_policy_exit_codes(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The Job's podFailurePolicy looks at the exit codes of every container, native sidecars too.

    A rule without `containerName` also sees the 143 or 137 with which a native sidecar is stopped when a pod has
    failed, and the first rule that matches decides: the exit code of the main container may never be looked at (hazard
    JOB5; pod_failure_policy.go matchOnExitCodes).

    Fires on:
        podFailurePolicy:
          rules:
          - {action: Ignore, onExitCodes: {operator: In, values: [137, 143]}}
          - {action: FailJob, onExitCodes: {operator: In, values: [42]}}

    Near miss:
          - {action: Ignore, onExitCodes: {containerName: train, operator: In, values: [137, 143]}}

    Fix: Give the rule the `containerName` of the main container.
    """
    for rule in fields.items(job_spec(pod), "podFailurePolicy", "rules"):
        codes = fields.find(rule, "onExitCodes")
        if codes is None or fields.find(codes, "containerName") is not None:
            continue
        values = {fields.number(value) for value in fields.items(codes, "values")}
        if fields.text(codes, "operator") != "NotIn" and not values & _STOPPED:
            continue
        main = next((one.name for one in pod.mains), "the main container")
        yield Finding(
            "failure-policy-exit-codes",
            "review",
            "A rule of the podFailurePolicy names no container: when a pod fails, it also matches the exit code with "
            f"which `{helper.name}` is stopped (143 or 137), and decides instead of the main container's.",
            f"Add `containerName: {main}` to the rule.",
            codes.line,
        )


def restart_counts_as_failure(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """Each restart of the helper counts as a failed attempt of the Job.

    With `restartPolicy: OnFailure` the Job controller counts the restarts of native sidecars towards `backoffLimit`,
    those with exit code 0 too (hazard JOB7; job_controller.go pastBackoffLimitOnFailure). A helper with a
    livenessProbe or a startupProbe, or a script that may stop, may be restarted.

    Fires on:
        kind: Job
        spec: {restartPolicy: OnFailure, containers: [..., {name: sql, livenessProbe: {...}}]}

    Near miss:
        spec: {restartPolicy: Never, containers: [..., {name: sql, livenessProbe: {...}}]}

    Fix: Use `restartPolicy: Never`, or a `backoffLimit` with room for restarts.
    """
    if pod.pod.restart_policy != "OnFailure" or pod.pod.owner.kind not in _JOBS:
        return
    container = helper.container
    program = helper.program
    if container.liveness_probe is not None:
        why, line = "its livenessProbe may restart it", container.liveness_probe.line
    elif container.startup_probe is not None:
        why, line = "its startupProbe may restart it", container.startup_probe.line
    elif program is not None and program.loop_can_fail:
        why, line = (
            "its loop ends when a command fails",
            program_line(container, program.decisive, program.script_index),
        )
    else:
        return
    yield Finding(
        "restart-counts-as-failure",
        "review",
        f"Every restart of `{helper.name}` would count towards the backoffLimit of the Job, and {why}.",
        "Use `restartPolicy: Never`, or a backoffLimit with room for its restarts.",
        line,
    )


def repeated_setup(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper's script fails when it runs a second time on the same volume.

    In a pod with `restartPolicy: Never` an ordinary helper runs at most once; a native sidecar is restarted, and finds
    what it made before: `mkdir` without `-p` and `ln -s` without `-f` then fail, again and again (hazard JOB10;
    argo-workflows#14969).

    Fires on:
        restartPolicy: Never
        - {name: spool, image: busybox, command: [sh, -ec, "mkdir /spool/in; exec crond -f"]}

    Near miss:
        - {name: spool, image: busybox, command: [sh, -ec, "mkdir -p /spool/in; exec crond -f"]}

    Fix: Use the form that can be repeated: `mkdir -p`, `ln -sf`.
    """
    program = helper.program
    if pod.pod.restart_policy != "Never" or program is None:
        return
    for command in non_idempotent(program):
        sets_up = command.name == "set" or any(mount_of(helper.container, word) for word in command.argv[1:])
        if not sets_up:
            continue
        yield Finding(
            "repeated-setup",
            "review",
            f"`{command.text}` fails when `{helper.name}` runs a second time on the same volume; a native sidecar is "
            "restarted, even in a pod with `restartPolicy: Never`.",
            "Write it so that it can be repeated (`mkdir -p`, `ln -sf`).",
            program_line(helper.container, command, program.script_index),
        )
        return


RULES: tuple[Rule, ...] = (
    Rule(job_postprocess, ("refuse", "review"), ("JOB3",)),
    Rule(exit_code_matters, ("refuse", "review"), ("JOB4",)),
    Rule(failure_policy_names_helper, ("refuse",), ("JOB6",)),
    Rule(failure_policy_exit_codes, ("review",), ("JOB5",)),
    Rule(restart_counts_as_failure, ("review",), ("JOB7",)),
    Rule(repeated_setup, ("review",), ("JOB10",)),
)
