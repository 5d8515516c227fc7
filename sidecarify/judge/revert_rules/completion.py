"""Rules about pods that run to completion: an ordinary container keeps them running, and its exit code counts."""

from __future__ import annotations

from collections.abc import Iterator

from sidecarify.commands import Lifetime
from sidecarify.judge.model import Finding, Member, PodContext, Rule
from sidecarify.judge.rules import workarounds
from sidecarify.judge.rules.lifetime import invocation, program_line
from sidecarify.kube import fields
from sidecarify.kube.version import KubeVersion

RESTART_RULES_FROM = KubeVersion(1, 35)
"""ContainerRestartRules: alpha in 1.34, on by default in 1.35 (KEP-5307; k/k#136969)."""

# What ends a helper together with main; each is a rule of its own on the way there, and a sign on the way back.
_ENDED_BY = (workarounds.quit_endpoint, workarounds.process_kill, workarounds.exit_wrapper, workarounds.marker_file)


def job_never_completes(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The pod runs to completion, and an ordinary helper that never ends keeps it from being complete.

    Native sidecars do not count: a Job is finished when its main containers are. An ordinary container does: the Job
    runs on until its deadline, a CronJob with `concurrencyPolicy: Forbid` never runs again (KEP-753, hazard JOB2;
    k/k#25908). Where something in the manifest ends the helper, the Job can complete, but only if the helper then ends
    with exit code 0: that is for somebody to check.

    Fires on:
        kind: Job
        initContainers:
        - {name: sql, image: "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0", restartPolicy: Always}

    Near miss:
        kind: Deployment     # is never complete

    Fix: End the helper when main has ended: by its quit endpoint (`curl -X POST localhost:9091/quitquitquit`), by
    `shareProcessNamespace: true` and `pkill`, by a marker file that it waits for, or by a wrapper such as kubexit.
    """
    if not pod.pod.runs_to_completion or _ends_by_itself(helper):
        return
    what = "Job" if pod.pod.owner.kind in ("Job", "CronJob") else "pod"
    own = _own_lines(helper)
    ended = next((found for check in _ENDED_BY for found in check(helper, pod) if found.line not in own), None)
    if ended is not None:
        yield Finding(
            "job-never-completes",
            "review",
            f"As an ordinary container `{helper.name}` keeps the {what} running until it is ended, which this line may "
            f"do ({ended.rule}); its exit code then decides whether the {what} has succeeded.",
            "Check that it is ended whenever the main container ends, and that its exit code is then 0.",
            ended.line,
        )
        return
    line = helper.container.line
    program = helper.program
    if program is not None and program.lifetime is Lifetime.FOREVER:
        line = program_line(helper.container, program.decisive, program.script_index)
    yield Finding(
        "job-never-completes",
        "refuse",
        f"As an ordinary container `{helper.name}` never ends, so the {what} would never complete.",
        "Leave it; or have the main container end it: by its quit endpoint, by `shareProcessNamespace` and `pkill`, by "
        "a marker file that it waits for, or by kubexit.",
        line,
    )


def _own_lines(helper: Member) -> frozenset[int]:
    """The lines of the helper's options and variables: `--quitquitquit` there ends nothing until somebody calls it."""
    container = helper.container
    if helper.program is not None and helper.program.waits:
        return frozenset()
    return frozenset((*(node.line for node in container.words), *(one.line for one in container.env.values())))


def exit_code_counts(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """The helper ends by itself, and as an ordinary container its exit code decides about the Job.

    A native sidecar is started again whenever it ends, and its exit code is ignored. As an ordinary container of a pod
    that runs to completion it runs once (`Never`) or until it succeeds (`OnFailure`), and the Job fails if it does
    (hazards JOB1, JOB4).

    Fires on:
        kind: Job
        initContainers:
        - {name: refresh, image: busybox:1.36, command: [sh, -c, "date > /shared/now; sleep 60"], restartPolicy: Always}

    Near miss:
        command: [sh, -c, "while true; do date > /shared/now; sleep 60; done"]      # job-never-completes

    Fix: Put its work into a loop if it is to be done again and again.
    """
    if not pod.pod.runs_to_completion or not _ends_by_itself(helper):
        return
    often = "once" if pod.pod.restart_policy == "Never" else "until it succeeds once"
    program = helper.program
    line = helper.container.line
    if program is not None:
        line = program_line(helper.container, program.decisive, program.script_index)
    yield Finding(
        "exit-code-counts",
        "review",
        f"`{helper.name}` is started again today whenever it ends, and its exit code is ignored; it would run {often}, "
        "and if it fails, the Job fails.",
        "Check that once is enough, and that its failure may count.",
        line,
    )


def _ends_by_itself(helper: Member) -> bool:
    if helper.program is not None and helper.program.lifetime is not Lifetime.UNKNOWN:
        return helper.program.lifetime is Lifetime.ENDS
    return helper.match is not None and helper.match.transform.one_shot(invocation(helper)) is not None


def container_restart_rules(helper: Member, pod: PodContext) -> Iterator[Finding]:
    """A container of the pod has a restart policy of its own, which older versions of Kubernetes do not know.

    `restartPolicy` and `restartPolicyRules` on ordinary containers are on by default from Kubernetes 1.35 (KEP-5307,
    hazard JOB11). Before that the API server rejects or drops them. The revert takes the helper's own
    `restartPolicy: Always` away, and `restartPolicyRules` must not stand without one.

    Fires on:
        containers:
        - {name: train, image: corp/train:1, restartPolicy: Never}       # with target 1.33

    Near miss:
        spec:
          restartPolicy: Never       # of the pod

    Fix: Take the field away, or revert for a version that knows it.
    """
    own = fields.items(helper.container.node, "restartPolicyRules")
    if own:
        yield Finding(
            "container-restart-rules",
            "refuse",
            f"`{helper.name}` has `restartPolicyRules`, which must not stand without `restartPolicy`.",
            "Take the rules away first.",
            helper.container.line_of("restartPolicyRules"),
        )
    if pod.target >= RESTART_RULES_FROM:
        return
    sidecars = {id(one.node) for one in pod.inits if one.is_native_sidecar}
    for container in (*pod.pod.containers, *pod.inits):
        policy = next(
            (key for key in ("restartPolicy", "restartPolicyRules") if fields.find(container.node, key) is not None),
            None,
        )
        if id(container.node) not in sidecars and policy is not None:
            yield Finding(
                "container-restart-rules",
                "review",
                f"`{container.name}` has a `{policy}` of its own, which Kubernetes {pod.target} does not take: the pod "
                "would be rejected or restarted otherwise.",
                f"Take `{policy}` away, or give the version of your clusters with `--kube-version`.",
                container.line_of(policy),
            )
            return


RULES: tuple[Rule, ...] = (
    Rule(job_never_completes, ("refuse", "review"), ("JOB2",)),
    Rule(exit_code_counts, ("review",), ("JOB1", "JOB4")),
    Rule(container_restart_rules, ("refuse", "review"), ("JOB11",)),
)
