"""Rules about pods that run to completion: what a Job loses when its helper no longer counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecarify.commands import Lifetime, Program, SimpleCommand, Wait, uploads
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.rules.lifetime import program_line
from sidecarify.kube import fields
from sidecarify.yamltext.tree import Node

_CHECKS = re.compile(
    r"(?:^|[^a-z])(?:verif(?:y|ier)|validat(?:e|or)|tests?|tester|check(?:er)?|assert|lint(?:er)?|audit)(?:$|[^a-z])"
)
_NOTHING = frozenset({"echo", "printf", "exit", "true", ":", "date", "sleep", "kill", "pkill", "set", "trap", "return"})


def job_postprocess(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper waits until the main container is done, and then works: as a native sidecar it is stopped instead.

    In a pod that runs to completion, native sidecars get SIGTERM as soon as the last main container has ended (KEP-753).
    A helper that then uploads results, checks them or cleans up is killed in the middle, and nobody is told: the Job has
    succeeded (hazard JOB3; kestra-io/plugin-kubernetes#215, NVIDIA/OSMO#764). A helper that uploads again and again in an
    endless loop may miss what was written since its last round (review).

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
    for wait in program.waits:
        work = _work_after(wait, program)
        if work is not None:
            line = program_line(helper.container, work, program.script_index)
            yield Finding(
                "job-postprocess",
                "refuse",
                f"`{helper.name}` waits for {_awaited(wait)} and then runs `{_short(work.text)}`: a native sidecar is "
                "stopped when the main container has ended, so this work would be lost, and the Job would still succeed.",
                "Leave it where it is, or do this work in the main container or upon SIGTERM with enough grace.",
                line,
            )
            return
    for command in uploads(program):
        if command.in_endless_loop:
            line = program_line(helper.container, command, program.script_index)
            yield Finding(
                "job-postprocess",
                "review",
                f"`{helper.name}` uploads again and again; stopped as soon as the main container has ended, it may miss "
                "what was written since the last round.",
                "Upload once more upon SIGTERM (`trap`), with a terminationGracePeriodSeconds that is long enough.",
                line,
            )
            return


def _work_after(wait: Wait, program: Program) -> SimpleCommand | None:
    """The first real work behind a wait, if the program ends after it."""
    if program.lifetime is Lifetime.FOREVER or wait.repeats:
        return None
    works = [command for command in wait.then if command.name not in _NOTHING and not command.in_trap and command.words]
    sent = {id(command) for command in uploads(program)}
    return next((command for command in works if id(command) in sent), works[0] if works else None)


def _awaited(wait: Wait) -> str:
    verb = "to appear" if wait.until == "appears" else "to go away"
    return f"`{wait.target}` {verb}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def exit_code_matters(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The exit code of the helper decides whether the Job has succeeded; that of a native sidecar is ignored.

    A Job fails when one of its containers fails. Native sidecars do not count (hazard JOB4; DOC sidecar-containers,
    kubectl#1739): a test runner or validator that fails would leave the Job successful, silently. Daemons that are known
    to run for ever have no exit code that anybody waits for.

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
    ends = program is not None and program.lifetime is Lifetime.ENDS
    known = helper.match is not None and helper.match.transform.safe != "by-command"
    if not ends and (known or not _CHECKS.search(f"{container.name} {container.image.rpartition('/')[2]}".lower())):
        return
    if not ends and program is not None and program.lifetime is Lifetime.FOREVER:
        return
    line = container.line
    if program is not None:
        line = program_line(container, program.decisive, program.script_index)
    yield Finding(
        "exit-code-matters",
        "refuse" if ends else "review",
        f"If `{container.name}` fails, the {_owner(pod)} fails today; the exit code of a native sidecar is ignored, so a "
        "failure would go unnoticed.",
        "Leave it where it is if its result matters.",
        line,
    )


def _owner(pod: PodContext) -> str:
    kind = pod.pod.owner.kind
    return "Job" if kind in ("Job", "CronJob") else "pod"


def job_spec(pod: PodContext) -> Node | None:
    """The mapping that holds the pod template: the spec of the Job, or of the workload. None for a bare Pod."""
    route = pod.pod.route
    return route[-3].resolved if len(route) >= 3 and fields.find(route[-3], "template") is not None else None


RULES: tuple[Rule, ...] = (
    Rule(job_postprocess, ("refuse", "review"), ("JOB3",)),
    Rule(exit_code_matters, ("refuse", "review"), ("JOB4",)),
)
