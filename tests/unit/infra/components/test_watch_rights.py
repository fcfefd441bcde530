"""The watch in the cluster may do what a bake, a way back and an ending take, and no more."""

import json

from teal_infra.components.watch import NAME

from teal.spec.ending import DECLARED as ENDINGS
from teal.spec.ending import Endings
from tests.unit.infra.components.watching import WATCH, environment, stack
from tests.unit.infra.declaring import CALLERS
from tests.unit.infra.recording import config, declared


async def test_it_may_ask_no_door_that_a_bake_does_not_ask() -> None:
    """A rule that names nobody would mean everybody."""
    services = json.dumps({"backend": {"port": 6379}, "frontend": {"port": 8000, "contract": True}})
    rules = (await declared({**stack(), "services": services}))["Role", f"{NAME}-role"]["rules"]
    (proxy,) = [each for each in rules if each["resources"] == ["services/proxy"]]
    assert proxy["resourceNames"] == ["frontend:http"]
    sealed_ = {"probes": {"readiness": {"path": "/", "scheme": "HTTPS"}}}
    services = json.dumps({"backend": {"port": 6379}, "frontend": sealed_})
    rules = (await declared({**stack(), "services": services}))["Role", f"{NAME}-role"]["rules"]
    (proxy,) = [each for each in rules if each["resources"] == ["services/proxy"]]
    assert proxy["resourceNames"] == ["https:frontend:http"]
    services = json.dumps({"backend": {"port": 6379}, "frontend": {"port": 6379}})
    rules = (await declared({**stack(), "services": services}))["Role", f"{NAME}-role"]["rules"]
    assert not [each for each in rules if each["resources"] == ["services/proxy"]]


async def test_its_rights_are_exactly_these() -> None:
    """What a bake, a confirmation and a way back take, by name wherever the API has names; no more."""
    resources = await declared(stack())
    assert resources["Role", f"{NAME}-role"]["rules"] == [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "update"], "resourceNames": ["teal-history"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "verbs": ["get", "update"],
            "resourceNames": ["teal-flip"],
        },
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["services"],
            "verbs": ["get", "patch"],
            "resourceNames": ["backend", "frontend"],
        },
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
        {
            "apiGroups": [""],
            "resources": ["services/proxy"],
            "verbs": ["get"],
            "resourceNames": ["backend:http", "frontend:http"],
        },
        {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create", "get"]},
    ]
    binding = resources["RoleBinding", f"{NAME}-binding"]
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME}
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": NAME, "namespace": "teal"}]


async def test_of_workers_it_may_write_their_record_and_their_number_and_nothing_else() -> None:
    """By name; where nobody is asked, it may ask nobody: a rule without names would be of everybody's doors."""
    worker = {"kind": "worker"}
    resources = await declared(stack(services={"backend": worker, "frontend": worker}))
    rules = resources["Role", f"{NAME}-role"]["rules"]
    slots = ["backend-blue", "backend-green", "frontend-blue", "frontend-green"]
    of = {rule["resources"][0]: rule for rule in rules if rule.get("resourceNames") != ["teal-history"]}
    assert (of["configmaps"]["verbs"], of["configmaps"]["resourceNames"]) == (
        ["get", "patch"],
        ["backend-live", "frontend-live"],
    )
    assert (of["deployments"]["verbs"], of["deployments"]["resourceNames"]) == (["get"], slots)
    assert (of["deployments/scale"]["verbs"], of["deployments/scale"]["resourceNames"]) == (["patch"], slots)
    assert not {"services", "services/proxy", "pods/portforward"} & of.keys()


async def test_it_may_end_pods_only_where_the_stack_asks_for_that() -> None:
    """By name, and by their number alone; it is told what it has to know for that, and no more."""
    rules = (await declared(stack()))["Role", f"{NAME}-role"]["rules"]
    more = {"retireAfterMinutes": "30"}
    for asked in (more, {"onRefusal": "stop"}):
        resources = await declared({**stack(), **asked})
        slots = [f"{name}-{colour}" for name in ("backend", "frontend") for colour in ("blue", "green")]
        assert [each for each in resources["Role", f"{NAME}-role"]["rules"] if each not in rules] == [
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["teal-confirmed"]},
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"], "resourceNames": slots},
            {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["patch"], "resourceNames": slots},
        ]
    told = environment(await declared({**stack(), **more}))
    endings = Endings.model_validate_json(told[ENDINGS])
    assert (endings.after_seconds, endings.refused, [*endings.services]) == (1800, False, ["backend", "frontend"])
    assert endings.settle_seconds == 60
    assert ENDINGS not in environment(await declared(stack()))


async def test_it_ends_nothing_that_has_a_share_of_live_traffic() -> None:
    """Nor what is not to run, or is not the stack's to end."""
    more = {"retireAfterMinutes": "30", "router": "gateway", "gateway": json.dumps({"name": "public"})}
    more["services"] = json.dumps({"backend": CALLERS})
    canary = {"canaryMatch": json.dumps({"header": "X-Canary", "value": "always"})}
    alone = {**config(), "watch": json.dumps(WATCH)}
    assert not Endings.model_validate_json(environment(await declared({**alone, **more, **canary}))[ENDINGS]).slots
    slot = {"version": "1.1.0", "state": "retired", **{each: {"image": "e/x:1"} for each in ("backend", "frontend")}}
    stopped = {**stack(), "retireAfterMinutes": "30", "green": json.dumps(slot)}
    assert [*Endings.model_validate_json(environment(await declared(stopped))[ENDINGS]).slots] == ["blue"]


async def test_of_cron_jobs_it_may_hand_the_schedule_over_and_nothing_else() -> None:
    """By name; their Jobs have none that is known before."""
    cron = {"kind": "cron", "cron": {"schedule": "@daily"}}
    resources = await declared(stack(services={"backend": cron, "frontend": {"kind": "worker"}}))
    rules = resources["Role", f"{NAME}-role"]["rules"]
    of = {rule["resources"][0]: rule for rule in rules if rule.get("resourceNames") != ["teal-history"]}
    slots = ["backend-blue", "backend-green"]
    assert (of["cronjobs"]["verbs"], of["cronjobs"]["resourceNames"]) == (["get", "patch"], slots)
    assert (of["cronjobs/status"]["verbs"], of["cronjobs/status"]["resourceNames"]) == (["patch"], slots)
    assert (of["jobs"]["apiGroups"], of["jobs"]["verbs"]) == (["batch"], ["list"])
    assert of["configmaps"]["resourceNames"] == ["backend-live", "frontend-live"]
    assert of["deployments"]["resourceNames"] == ["frontend-blue", "frontend-green"]


async def test_it_ends_no_cron_job() -> None:
    """There are no pods of its own to end, and no Deployment to ask."""
    resources = await declared(
        {
            **stack(services={"backend": {"kind": "cron", "cron": {"schedule": "@daily"}}, "frontend": {"port": 8000}}),
            "retireAfterMinutes": "30",
        }
    )
    rules = resources["Role", f"{NAME}-role"]["rules"]
    scales = [each["resourceNames"] for each in rules if each["resources"] == ["deployments/scale"]]
    assert scales == [["frontend-blue", "frontend-green"]]
    assert [*Endings.model_validate_json(environment(resources)[ENDINGS]).services] == ["frontend"]


async def test_pods_that_cannot_be_asked_are_not_reached() -> None:
    """Where no service ends its connections on request, no port is forwarded."""
    alarms_error = {"shutdown": {"closeConnectionsPath": None}}
    resources = await declared(stack(services={"backend": alarms_error, "frontend": alarms_error}))
    rules = resources["Role", f"{NAME}-role"]["rules"]
    assert not [rule for rule in rules if "pods/portforward" in rule["resources"]]


async def test_events_of_kubernetes_take_a_right_of_their_own() -> None:
    """To make some; and to read the Services that they are about."""
    rules = (await declared(stack(notify={"kubernetesEvents": True})))["Role", f"{NAME}-role"]["rules"]
    assert rules[-2:] == [
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["services"], "verbs": ["get"], "resourceNames": ["backend", "frontend"]},
    ]


async def test_admission_policies_are_made_where_they_are_asked_for_and_before_traffic_moves() -> None:
    """Cluster-wide objects of the stack's namespace alone; the watch may write the records, and strangers may not."""
    assert not [kind for kind, _ in await declared(stack()) if kind.startswith("ValidatingAdmission")]
    resources = await declared(stack(admission={"users": ["deployer@example"]}))
    approvals = resources["ValidatingAdmissionPolicy", "teal-teal-approval-policy"]
    assert "object.data.by == request.userInfo.username" in approvals["spec"]["validations"][0]["expression"]
    assert approvals["spec"]["failurePolicy"] == "Fail"
    records = resources["ValidatingAdmissionPolicy", "teal-teal-records-policy"]["spec"]["validations"][0]["expression"]
    assert '["deployer@example", "system:serviceaccount:teal:teal-watch"]' in records
    for each in ("approval", "records"):
        bound = resources["ValidatingAdmissionPolicyBinding", f"teal-teal-{each}-binding"]["spec"]
        assert bound["policyName"] == f"teal-teal-{each}"
        assert bound["matchResources"]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "teal"}


async def test_without_names_the_records_are_whoever_s_has_the_right() -> None:
    """`{}` holds approvals to their writers' names, and shuts no update out."""
    kinds = [name for kind, name in await declared(stack(admission={})) if kind == "ValidatingAdmissionPolicy"]
    assert kinds == ["teal-teal-approval-policy"]
