"""Policies on live traffic: what carries it, what directs it, what it may come back to."""

from collections.abc import Sequence

from teal_policies import kinds
from teal_policies.model import Policy, ResourcePolicy, StackPolicy
from teal_policies.rules import live, load_balancing
from teal_policies.rules import plan as planned
from teal_policies.tables.schemas import exempt_stacks, integer, percent

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
        page="The live colour is the one that was read, not the one that is declared. A flip may move traffic away "
        "from it, to a colour that is asked for as many pods; what ends it comes in a later update. The gates measure "
        "what is there then.",
        types=[kinds.PLAN],
        rules=[planned.live_colour_stays],
        bounds={
            "minimumReplicas": integer("How many pods live traffic has at least after the update.", 1, least=1),
            "keepPercent": percent(
                "The percentage of its pods, rounded up, that a colour which stays live keeps.", 100
            ),
            "flipPercent": percent(
                "The percentage of the live colour's ready pods, rounded up, that the destination of a flip has.", 100
            ),
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
        page="It judges where the idle colour has pods and the active one is not confirmed: in the update of a flip, "
        "and in those after a flip that was not confirmed. `autoscaling.idlePercent` says how much it keeps beyond "
        "this floor.",
        types=[kinds.PLAN],
        rules=[planned.idle_colour_keeps_its_share],
        bounds={
            "percent": percent("The percentage of the active colour's pods, rounded up, that the idle one keeps.", 10),
            "allowStopped": _ALLOW_STOPPED,
        },
        unknown="refuse",
    ),
)

ON_TRAFFIC: Sequence[Policy] = (
    ResourcePolicy(
        name="live-objects-stay",
        reason="A slot's Deployment and what directs live traffic are never replaced by others.",
        page="It judges inputs, and so before anything is touched: what an engine knows an object by (type, parents "
        "and logical name, or an alias of them), what cannot be changed in place (a name, a Deployment's selector, a "
        "Service's `clusterIP`), and `deleteBeforeReplace`. A selector names the service and a colour and nothing "
        "else: one label more could leave it without pods. For pods that the stack does not make (`adopt`), it is the "
        "selector that the Service's annotation names.",
        types=[kinds.DEPLOYMENT, kinds.CRON_JOB, kinds.SERVICE, kinds.HTTP_ROUTE, kinds.CONFIG_MAP],
        rules=[live.objects_stay],
        unknown="refuse",
    ),
    StackPolicy(
        name="live-traffic-stays",
        reason="What carries live traffic is declared, once, where it is, and leads to the active colour.",
        page="Each service that has live traffic keeps its route (an active Service, an HTTPRoute, a listener rule, or "
        "a worker's record) and its live Deployment or CronJob, in the plan's namespace and with the pods that the "
        "plan says. Its target groups are protected. A service that is to go is named in `teal:removed`.",
        types=[
            kinds.SERVICE,
            kinds.HTTP_ROUTE,
            kinds.CONFIG_MAP,
            *kinds.LISTENER_RULES,
            *kinds.TARGET_GROUPS,
            kinds.DEPLOYMENT,
            kinds.CRON_JOB,
            kinds.AUTOSCALER,
        ],
        rules=[live.traffic_stays],
        unknown="refuse",
    ),
    StackPolicy(
        name="idle-waits-for-confirmed",
        reason="Nothing that may shrink the idle colour is changed before the move is confirmed.",
        page="The dependencies between resources have to say so: routes come first, then the record of the confirmed "
        "colour, then the idle colour's Deployments, CronJobs and autoscalers. An autoscaler that asks for as many "
        "pods as the colour has shrinks nothing, and holds them while traffic moves.",
        types=[kinds.SERVICE, kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.CRON_JOB, kinds.AUTOSCALER],
        rules=[live.idle_waits],
        unknown="refuse",
    ),
    StackPolicy(
        name="workers-take-turns",
        reason="A worker's idle colour has no pods, and its active one starts after the record that says it is live.",
        page="It is about workers whose colours do not overlap for good (`overlap: allowed`). For a cron job, the idle "
        "colour's CronJob is suspended.",
        types=[kinds.DEPLOYMENT, kinds.CRON_JOB, kinds.CONFIG_MAP],
        rules=[live.workers_take_turns],
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
        bounds={"exemptStacks": exempt_stacks("be without protection")},
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
        bounds={"colours": integer("How many colours each forward names.", 2, least=1)},
        required=False,
    ),
)
