"""Policies on pods, in whatever describes some."""

from collections.abc import Sequence

from teal_policies import kinds
from teal_policies.model import Policy, ResourcePolicy, StackPolicy
from teal_policies.rules import pods
from teal_policies.tables.schemas import exempt_stacks, integer, texts

ON_PODS: Sequence[Policy] = (
    ResourcePolicy(
        name="pods-are-guarded",
        reason="A colour's pods have probes, a preStop hook, time to end, and are spread.",
        page="It is about Deployments and CronJobs of a colour. Probes and hook are those of the container that has "
        "the service's name; a worker, which nobody asks, needs neither. "
        "The grace period is that of the service guide: 5 s out of the endpoints, 25 s of drain, 15 s to spare.",
        types=[kinds.DEPLOYMENT, kinds.CRON_JOB],
        rules=[pods.guarded],
        bounds={
            "graceSeconds": {
                "type": "number",
                "minimum": 0,
                "default": 45,
                "description": "The least terminationGracePeriodSeconds.",
            },
            "probes": texts(
                "Probes that the service's own container has.", "startupProbe", "livenessProbe", "readinessProbe"
            ),
            "spreadOver": texts(
                "Topology keys over which pods are spread.", "kubernetes.io/hostname", "topology.kubernetes.io/zone"
            ),
        },
    ),
    ResourcePolicy(
        name="containers-are-limited",
        reason="Every container says what it asks for and what it may use at most.",
        page="It is about all containers of Deployments, Jobs and CronJobs, including initial ones.",
        types=[*kinds.POD_TEMPLATES],
        rules=[pods.limited],
        bounds={
            "requests": texts("Amounts that a container asks for.", "cpu", "memory"),
            "limits": texts("Amounts that a container is held to.", "cpu", "memory"),
        },
    ),
    ResourcePolicy(
        name="pods-are-confined",
        reason="Pods run as non-root, on a read-only root file system, without capabilities.",
        page="It asks for Kubernetes' `restricted` Pod Security level, which the namespace enforces on pods only when "
        "they are made, and for `readOnlyRootFilesystem`, which no level asks for.",
        types=[*kinds.POD_TEMPLATES],
        rules=[pods.confined],
        bounds={"capabilities": texts("Capabilities that containers may add.")},
    ),
    ResourcePolicy(
        name="images-are-pinned",
        reason="Images are named by digest: what was tested is what runs.",
        page="A tag can be moved. Rehearsals run what was built a minute ago: their stacks are listed, and images "
        "under `localhost` are in no registry that could have given them a digest. A volume may be an image, too.",
        types=[*kinds.POD_TEMPLATES],
        rules=[pods.pinned],
        bounds={
            "exemptStacks": exempt_stacks("use tags"),
            "exemptRegistries": texts("First parts of image names that may have tags.", "localhost"),
        },
    ),
    StackPolicy(
        name="pods-have-a-budget",
        reason="A PodDisruptionBudget selects the pods of each colour that runs.",
        page="Without one, a drained node takes all of its pods at once.",
        types=[kinds.DEPLOYMENT, kinds.CRON_JOB, kinds.BUDGET],
        rules=[pods.budgeted],
        bounds={
            "maxUnavailable": integer(
                "Pods that evictions may take at a time; budgets by `minAvailable` pass, unless it is 0.", 1, least=0
            )
        },
    ),
)
