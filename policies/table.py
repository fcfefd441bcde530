"""The pack: every policy with its level, its reason, its settings, its rules and what they look at."""

from collections.abc import Sequence

from policies import kinds
from policies.model import Policy, ResourcePolicy, StackPolicy
from policies.rules import coverage, labels, live, load_balancing, network, plain, pods, rights
from policies.rules import plan as planned

_STRINGS = {"type": "array", "items": {"type": "string"}}

_PERCENT = {"type": "integer", "minimum": 0, "maximum": 100}

_ALLOW_STOPPED = {
    "type": "boolean",
    "default": True,
    "description": "Whether a colour that traffic leaves may be `stopped` in the same update, once the move is "
    "confirmed: the emergency scale-down.",
}

ON_THE_PLAN: Sequence[ResourcePolicy] = (
    ResourcePolicy(
        name="plan-is-safe",
        reason="What the plan calls UNSAFE is never applied.",
        page="The program refuses such an update, too, and makes nothing of it; a preview shows both.",
        types=[kinds.PLAN],
        rules=[planned.is_safe],
        unknown="refuse",
    ),
    ResourcePolicy(
        name="live-colour-stays",
        reason="The colour that carries live traffic is never deleted, retired or shrunk.",
        page="By the live colour as it was read, not as it is declared: a flip may move traffic away from a colour, "
        "to one that is asked for as many pods; what ends the colour comes in a later update. The gates measure what "
        "is there then.",
        types=[kinds.PLAN],
        rules=[planned.live_colour_stays],
        bounds={
            "minimumReplicas": {
                "type": "integer",
                "minimum": 1,
                "default": 1,
                "description": "Pods that live traffic has after the update, at least.",
            },
            "keepPercent": {
                **_PERCENT,
                "default": 100,
                "description": "Of its pods, rounded up, that a colour which stays live keeps.",
            },
            "flipPercent": {
                **_PERCENT,
                "default": 100,
                "description": "Of the live colour's ready pods, rounded up, that the destination of a flip has.",
            },
            "allowStopped": _ALLOW_STOPPED,
        },
        unknown="refuse",
    ),
    ResourcePolicy(
        name="one-move-at-a-time",
        reason="An update either changes the live slot or moves traffic away from it, never both.",
        page="Traffic that has moved away can only be brought back to pods that are what they were.",
        types=[kinds.PLAN],
        rules=[planned.one_move_at_a_time],
        unknown="refuse",
    ),
    ResourcePolicy(
        name="idle-colour-keeps-its-share",
        reason="Until the active colour is confirmed, the idle one keeps pods enough to take traffic back.",
        page="Judged where the idle colour has pods and the active one is not confirmed: in the update of a flip, and "
        "in those after one that was not confirmed. How much it keeps beyond this floor is "
        "`autoscaling.idlePercent`'s to say.",
        types=[kinds.PLAN],
        rules=[planned.idle_colour_keeps_its_share],
        bounds={
            "percent": {
                **_PERCENT,
                "default": 10,
                "description": "Of the pods that the active colour is asked for, rounded up.",
            },
            "allowStopped": _ALLOW_STOPPED,
        },
        unknown="refuse",
    ),
)

ON_TRAFFIC: Sequence[Policy] = (
    ResourcePolicy(
        name="live-objects-stay",
        reason="A slot's Deployment and what directs live traffic are never replaced by others.",
        page="Judged on inputs, and so before anything is touched: what an engine knows them by (type, parents and "
        "logical name, or an alias of them), what is not changed in place (a name, a Deployment's selector, a "
        "Service's `clusterIP`), `deleteBeforeReplace`. A selector names the service and a colour and nothing else: "
        "one label more could leave it without pods.",
        types=[kinds.DEPLOYMENT, kinds.SERVICE, kinds.HTTP_ROUTE],
        rules=[live.objects_stay],
        unknown="refuse",
    ),
    StackPolicy(
        name="live-traffic-stays",
        reason="What carries live traffic is declared, once, where it is, and leads to the active colour.",
        page="The route (an active Service, an HTTPRoute or a listener rule) and the live Deployment of each service "
        "that has live traffic, in the plan's namespace, with the pods that the plan says, and its target groups "
        "protected. A service that is to go is named in `teal:removed`.",
        types=[
            kinds.SERVICE,
            kinds.HTTP_ROUTE,
            *kinds.LISTENER_RULES,
            *kinds.TARGET_GROUPS,
            kinds.DEPLOYMENT,
            kinds.AUTOSCALER,
        ],
        rules=[live.traffic_stays],
        unknown="refuse",
    ),
    StackPolicy(
        name="idle-waits-for-confirmed",
        reason="Nothing that may shrink the idle colour is changed before the move is confirmed.",
        page="By the dependencies between resources: routes, then the record of the confirmed colour, then "
        "the idle colour's Deployments and autoscalers.",
        types=[kinds.SERVICE, kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.AUTOSCALER],
        rules=[live.idle_waits],
        unknown="refuse",
    ),
    ResourcePolicy(
        name="load-balancing-is-protected",
        reason="Load balancers, listeners and the rules of live traffic are never deleted or replaced.",
        page="An analyzer does not see what is there already, so it cannot tell a replacement. `protect` can: no "
        "engine replaces what has it. Target groups have to be protected while they are of the live or the active "
        "colour: `live-traffic-stays` sees to that.",
        types=[*kinds.LOAD_BALANCERS, *kinds.LISTENERS, *kinds.LISTENER_RULES],
        rules=[load_balancing.is_protected],
        bounds={
            "exemptStacks": {
                **_STRINGS,
                "default": ["sandbox"],
                "description": "Names of stacks that may be without protection; `*` stands for anything.",
            }
        },
        required=False,
    ),
    ResourcePolicy(
        name="both-colours-attached",
        reason="What splits traffic by weights names both colours, whatever their weights.",
        page="A target group that is in no listener rule is not health-checked, so nobody could tell whether it may "
        "take traffic. In a preview, the names of target groups yet to be made are unknown: that they differ is "
        "judged then by advice, and by `up`.",
        types=[*kinds.LISTENERS, *kinds.LISTENER_RULES, kinds.HTTP_ROUTE],
        rules=[load_balancing.both_attached, load_balancing.attached_once],
        bounds={
            "colours": {
                "type": "integer",
                "minimum": 1,
                "default": 2,
                "description": "That each forward names.",
            }
        },
        required=False,
    ),
)

ON_PODS: Sequence[Policy] = (
    ResourcePolicy(
        name="pods-are-guarded",
        reason="A colour's pods have probes, a preStop hook, time to end, and are spread.",
        page="Of Deployments with a colour. The grace period is the service's guide's: 5 s out of the endpoints, 25 s "
        "of drain, 15 s to spare.",
        types=[kinds.DEPLOYMENT],
        rules=[pods.guarded],
        bounds={
            "graceSeconds": {
                "type": "number",
                "minimum": 0,
                "default": 45,
                "description": "Least terminationGracePeriodSeconds.",
            },
            "spreadOver": {
                **_STRINGS,
                "default": ["kubernetes.io/hostname", "topology.kubernetes.io/zone"],
                "description": "Topology keys over which pods are spread.",
            },
        },
    ),
    ResourcePolicy(
        name="containers-are-limited",
        reason="Every container says what it asks for and what it may use at most.",
        page="Of Deployments, Jobs and CronJobs, initial containers included.",
        types=[*kinds.POD_TEMPLATES],
        rules=[pods.limited],
        bounds={
            "requests": {
                **_STRINGS,
                "default": ["cpu", "memory"],
                "description": "Amounts that a container asks for.",
            },
            "limits": {
                **_STRINGS,
                "default": ["cpu", "memory"],
                "description": "Amounts that a container is held to.",
            },
        },
    ),
    ResourcePolicy(
        name="pods-are-confined",
        reason="Pods run as non-root, on a read-only root file system, without capabilities.",
        page="Kubernetes' `restricted` Pod Security level, which the namespace enforces on pods only when they are "
        "made; and `readOnlyRootFilesystem`, which no level asks for.",
        types=[*kinds.POD_TEMPLATES],
        rules=[pods.confined],
        bounds={
            "capabilities": {**_STRINGS, "default": [], "description": "Capabilities that containers may add."},
        },
    ),
    ResourcePolicy(
        name="images-are-pinned",
        reason="Images are named by digest: what was tested is what runs.",
        page="A tag can be moved. Rehearsals run what was built a minute ago: their stacks are listed, and images "
        "under `localhost` are in no registry that could have given them a digest.",
        types=[*kinds.POD_TEMPLATES],
        rules=[pods.pinned],
        bounds={
            "exemptStacks": {
                **_STRINGS,
                "default": ["sandbox"],
                "description": "Names of stacks that may use tags; `*` stands for anything.",
            },
            "exemptRegistries": {
                **_STRINGS,
                "default": ["localhost"],
                "description": "First parts of image names that may have tags.",
            },
        },
    ),
    StackPolicy(
        name="pods-have-a-budget",
        reason="A PodDisruptionBudget selects the pods of each colour that runs.",
        page="Without one, a drained node takes all of its pods at once.",
        types=[kinds.DEPLOYMENT, kinds.BUDGET],
        rules=[pods.budgeted],
        bounds={
            "maxUnavailable": {
                "type": "integer",
                "minimum": 0,
                "default": 1,
                "description": "Pods that evictions may take at a time; budgets by `minAvailable` pass.",
            }
        },
    ),
)

ON_ACCESS: Sequence[Policy] = (
    StackPolicy(
        name="network-denies-by-default",
        reason="A network policy denies the namespace's pods what no other one allows, both ways.",
        page="It selects all pods of the stack's namespace, those of services listed in `writtenElsewhere` excepted.",
        types=[kinds.NETWORK_POLICY],
        rules=[network.denied_by_default],
        bounds={
            "writtenElsewhere": {
                **_STRINGS,
                "default": [],
                "description": "Names of pods (`app.kubernetes.io/name`) whose policies others write.",
            }
        },
        required=False,
    ),
    ResourcePolicy(
        name="egress-is-named",
        reason="No network policy lets pods connect to every address.",
        page="`0.0.0.0/0` and `::/0`, in one piece or in several, and rules that name nobody.",
        types=[kinds.NETWORK_POLICY],
        rules=[network.egress_is_named],
        bounds={
            "everywhere": {
                **_STRINGS,
                "default": [],
                "description": "Logical names of network policies that may, `backend-network` for one.",
            }
        },
        required=False,
    ),
    ResourcePolicy(
        name="rights-are-narrow",
        reason="Roles name what they allow: no wildcards, no secrets, nothing that leads to more.",
        page="The ways to more rights are those of Kubernetes' RBAC good practices. Bindings name accounts, and none "
        "of the roles that may do everything.",
        types=[*kinds.ROLES, *kinds.BINDINGS],
        rules=[rights.narrow, rights.bound_to_few],
        bounds={
            "exempt": {**_STRINGS, "default": [], "description": "Logical names of roles and bindings not judged."}
        },
    ),
    ResourcePolicy(
        name="secrets-are-sealed",
        reason="No secret stands in a variable, an argument or a ConfigMap.",
        page="By names, and by values that have a known form: keys in PEM, URLs with a password, tokens of well-known "
        "issuers. Messages name the variable and never its value.",
        types=[*kinds.POD_TEMPLATES, kinds.CONFIG_MAP],
        rules=[plain.no_plain_secret],
        bounds={
            "names": {
                "type": "string",
                "default": plain.NAMES,
                "description": "Regular expression for names that a secret has.",
            },
            "values": {
                **_STRINGS,
                "default": [*plain.VALUES],
                "description": "Regular expressions for values that are one.",
            },
            "allowed": {**_STRINGS, "default": [], "description": "Names that look like a secret's and are none."},
        },
    ),
    StackPolicy(
        name="objects-are-labelled",
        reason="Every Kubernetes object carries the recommended labels.",
        page="So that one selector finds all of a stack; what belongs to a colour says of which service, and what runs "
        "pods of which release.",
        rules=[labels.labelled],
        bounds={
            "labels": {
                **_STRINGS,
                "default": ["app.kubernetes.io/part-of"],
                "description": "Of every object.",
            },
            "colouredLabels": {
                **_STRINGS,
                "default": ["app.kubernetes.io/name", "app.kubernetes.io/managed-by"],
                "description": "Of every object of a colour, beside those.",
            },
            "releaseLabels": {
                **_STRINGS,
                "default": ["app.kubernetes.io/version"],
                "description": "Of every object that runs pods of a colour, beside those.",
            },
        },
    ),
    StackPolicy(
        name="aws-is-tagged",
        reason="Everything in AWS that can be is tagged as the stack's.",
        page="By tags of its own, or by the default tags of the provider.",
        types=[*kinds.LOAD_BALANCING],
        rules=[labels.tagged],
        bounds={
            "tags": {
                **_STRINGS,
                "default": ["app.kubernetes.io/part-of"],
                "description": "Keys of the tags.",
            }
        },
        required=False,
    ),
)

_JUDGES: Sequence[Policy] = (*ON_THE_PLAN, *ON_TRAFFIC, *ON_PODS, *ON_ACCESS)

COVERAGE = StackPolicy(
    name="nothing-escapes",
    reason="The policies had something to judge: the plan, each of its slots and Services, and each type.",
    page="A type that was renamed, a graph without resources or a program without a plan would otherwise pass every "
    "policy. Refused as well: a type of a kind that policies judge (a Deployment of another API version), and "
    "anything that runs pods, at which no policy looks.",
    rules=[
        coverage.plan_is_there,
        coverage.looked_at(_JUDGES),
        coverage.known_types(_JUDGES),
    ],
    bounds={
        "ignored": {**_STRINGS, "default": [], "description": "Types that no policy has to look at."},
    },
    unknown="refuse",
)

POLICIES: Sequence[Policy] = (*_JUDGES, COVERAGE)
