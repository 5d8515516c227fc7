"""The kinds that carry a pod spec: where it is, and whether native sidecars work there (hazard KIND1)."""

from typing import Literal, NamedTuple

Level = Literal["refuse", "review", "note"]
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""How files are called that kustomize takes for kustomizations, whether they say so or not (api/konfig/general.go)."""


class Kind(NamedTuple):
    """One row of the table.

    `paths` lead from the object to its pod specs; `*` stands for every item of a list or every value of a mapping.
    `level` and `why` say what the kind itself has against a move; `immutable` that the API server rejects a changed
    pod spec (hazard JOB9), `patches` that the main container is not in the list: an operator merges it into its own.
    """

    group: str
    name: str
    paths: tuple[str, ...]
    level: Level | None = None
    why: str = ""
    immutable: bool = False
    patches: bool = False


_TEMPLATE = ("spec.template.spec",)
_CRON = ("spec.jobTemplate.spec.template.spec",)
_OPERATOR_PATCH = "its `containers` are patches that the operator merges by name, not the containers of a pod"
_UNCONFIRMED = "whether the controller keeps `restartPolicy` of init containers is not confirmed"
_KRUISE = "in-place update of sidecars is an open point of OpenKruise (kruise#2362, #2560)"
_KNATIVE = "Knative accepts no init containers by default and drops `restartPolicy` (fieldmask.go)"
_RAY = f"the KubeRay operator builds the pod from this template and adds init containers; {_UNCONFIRMED}"
_KUBEFLOW = f"the training operator builds the pod from this template; {_UNCONFIRMED}"
_SPARK = "`sidecars` of a SparkApplication become ordinary containers; set `initContainers` of the driver or executor"
_TEKTON = "Tekton starts native sidecars itself where the cluster sets `enable-kubernetes-sidecar` (0.62 and later)"
_ARGO = "steps and sidecars of Argo Workflows are run by its executor; the template is no pod spec"
_KSERVE = "KServe hands this to Knative, which drops `restartPolicy`"
_OPENSHIFT = "OpenShift has native sidecars from 4.16; that DeploymentConfig keeps them is not confirmed"

KINDS: tuple[Kind, ...] = (
    Kind("", "Pod", ("spec",), immutable=True),
    Kind("", "ReplicationController", _TEMPLATE),
    Kind("", "PodTemplate", ("template.spec",)),
    *(
        Kind(group, name, _TEMPLATE)
        for group in ("apps", "extensions")
        for name in ("Deployment", "ReplicaSet", "DaemonSet")
    ),
    Kind("apps", "StatefulSet", _TEMPLATE),
    Kind("batch", "Job", _TEMPLATE, immutable=True),
    Kind("batch", "CronJob", _CRON),
    Kind("apps.openshift.io", "DeploymentConfig", _TEMPLATE, "review", _OPENSHIFT),
    Kind("", "DeploymentConfig", _TEMPLATE, "review", _OPENSHIFT),
    Kind("argoproj.io", "Rollout", _TEMPLATE, "note", "Argo Rollouts shows native sidecars rightly from 1.7.2"),
    *(
        Kind("argoproj.io", name, (f"{head}templates.*", f"{head}templates.*.containerSet"), "refuse", _ARGO)
        for name, head in (
            ("Workflow", "spec."),
            ("WorkflowTemplate", "spec."),
            ("ClusterWorkflowTemplate", "spec."),
            ("CronWorkflow", "spec.workflowSpec."),
        )
    ),
    *(Kind("serving.knative.dev", name, _TEMPLATE, "refuse", _KNATIVE) for name in ("Service", "Configuration")),
    Kind("serving.knative.dev", "Revision", ("spec",), "refuse", _KNATIVE),
    *(Kind("tekton.dev", name, ("spec",), "refuse", _TEKTON) for name in ("Task", "ClusterTask")),
    Kind("tekton.dev", "TaskRun", ("spec.taskSpec",), "refuse", _TEKTON),
    Kind("apps.kruise.io", "CloneSet", _TEMPLATE, "note", _KRUISE),
    Kind("apps.kruise.io", "StatefulSet", _TEMPLATE, "note", _KRUISE),
    Kind("apps.kruise.io", "DaemonSet", _TEMPLATE, "note", _KRUISE),
    Kind("apps.kruise.io", "BroadcastJob", _TEMPLATE, "review", f"{_KRUISE}; its backoff counts init containers"),
    Kind(
        "apps.kruise.io",
        "AdvancedCronJob",
        ("spec.template.jobTemplate.spec.template.spec", "spec.template.broadcastJobTemplate.spec.template.spec"),
        "review",
        _KRUISE,
    ),
    Kind("apps.kruise.io", "SidecarSet", ("spec",), "refuse", _OPERATOR_PATCH, patches=True),
    *(
        Kind("monitoring.coreos.com", name, ("spec",), "refuse", _OPERATOR_PATCH, patches=True)
        for name in ("Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler")
    ),
    Kind(
        "keda.sh",
        "ScaledJob",
        ("spec.jobTargetRef.template.spec",),
        "review",
        "editing a ScaledJob ends its running Jobs (keda#6440)",
    ),
    Kind("sparkoperator.k8s.io", "SparkApplication", ("spec.driver", "spec.executor"), "refuse", _SPARK),
    Kind(
        "sparkoperator.k8s.io",
        "ScheduledSparkApplication",
        ("spec.template.driver", "spec.template.executor"),
        "refuse",
        _SPARK,
    ),
    *(
        Kind(
            "ray.io",
            name,
            (f"{head}headGroupSpec.template.spec", f"{head}workerGroupSpecs.*.template.spec"),
            "review",
            _RAY,
        )
        for name, head in (
            ("RayCluster", "spec."),
            ("RayJob", "spec.rayClusterSpec."),
            ("RayService", "spec.rayClusterConfig."),
        )
    ),
    *(
        Kind("kubeflow.org", name, (f"spec.{field}.*.template.spec",), "review", _KUBEFLOW)
        for name, field in (
            ("TFJob", "tfReplicaSpecs"),
            ("PyTorchJob", "pytorchReplicaSpecs"),
            ("MPIJob", "mpiReplicaSpecs"),
            ("XGBoostJob", "xgbReplicaSpecs"),
            ("PaddleJob", "paddleReplicaSpecs"),
            ("JAXJob", "jaxReplicaSpecs"),
        )
    ),
    Kind(
        "serving.kserve.io",
        "InferenceService",
        ("spec.predictor", "spec.transformer", "spec.explainer"),
        "refuse",
        _KSERVE,
    ),
    Kind("jobset.x-k8s.io", "JobSet", ("spec.replicatedJobs.*.template.spec.template.spec",), "review", _UNCONFIRMED),
    Kind(
        "leaderworkerset.x-k8s.io",
        "LeaderWorkerSet",
        ("spec.leaderWorkerTemplate.leaderTemplate.spec", "spec.leaderWorkerTemplate.workerTemplate.spec"),
        "review",
        _UNCONFIRMED,
    ),
    Kind("batch.volcano.sh", "Job", ("spec.tasks.*.template.spec",), "review", _UNCONFIRMED),
)

_TABLE = {(kind.group, kind.name): kind for kind in KINDS}


def group_of(api_version: str) -> str:
    """The API group of an `apiVersion`: `apps/v1` -> `apps`, `v1` -> the empty core group."""
    group, slash, _ = api_version.partition("/")
    return group if slash else ""


def kind_of(api_version: str, name: str) -> Kind | None:
    """The table's row for an object, matched by group and kind: `Job` and `Service` exist in several groups."""
    return _TABLE.get((group_of(api_version), name))
