"""What the watch in the cluster is given: nothing that it does not need, and nothing at all unless asked for."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.components.watch import MARGIN_SECONDS, NAME, NOTIFY
from teal_infra.settings.load import load

from teal.model.errors import ConfigError, TealError
from teal.model.labels import PART_OF, PART_OF_LABEL
from teal.notifications.audience import Audience
from teal.spec.credentials import Credentials, of_environment
from teal.spec.ending import DECLARED as ENDINGS
from teal.spec.ending import Endings
from tests.unit.infra.components.test_network import policy
from tests.unit.infra.declaring import CALLERS
from tests.unit.infra.test_program import config, declared, sealed
from tests.unit.teal.network.reachability import Actor, Namespace, Outside, Pod, Port, matrix

API_SERVER = {"cidrs": ["192.0.2.10/32"], "ports": [6443]}
WATCH: Mapping[str, Any] = {"image": "registry.example/teal:1", "egress": {"api-server": API_SERVER}}


def stack(watch: Mapping[str, Any] = WATCH, **more: Mapping[str, Any]) -> dict[str, str]:
    """Raw config of a stack of two services with a watch."""
    own = {key: json.dumps(value) for key, value in more.items()}
    return {**config(services=("backend", "frontend")), "watch": json.dumps(watch), **own}


async def test_there_is_none_unless_asked_for() -> None:
    """A stack that does not mention it has no CronJob and no account for it."""
    assert not [name for name in await declared(config()) if NAME in str(name)]


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


def environment(resources: Mapping[tuple[str, str], Any]) -> Mapping[str, str]:
    """The variables of its container that have a value of their own."""
    (container,) = resources["CronJob", NAME]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"]}


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


async def test_its_pod_is_restricted_and_alone_has_the_token() -> None:
    """The `restricted` level, a read-only root, bounds; the account hands its token to nobody by itself."""
    resources = await declared(stack())
    spec = resources["CronJob", NAME]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert resources["ServiceAccount", f"{NAME}-account"]["automountServiceAccountToken"] is False
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == (NAME, True)
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["args"] == ["watch", "--namespace", "teal"]
    assert container["resources"]["limits"] == {"cpu": "500m", "memory": "192Mi"}


async def test_one_runs_at_a_time_and_none_for_ever() -> None:
    """Not two at once, no second try of the same pod, an end beyond the bake's, few pods kept."""
    spec = (await declared(stack(bake={"seconds": 600})))["CronJob", NAME]["spec"]
    job = spec["jobTemplate"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["schedule"] == "* * * * *"
    assert spec["startingDeadlineSeconds"] < 100 * 60  # else a hundred missed starts are its end
    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (0, "Never")
    assert job["activeDeadlineSeconds"] == 600 + MARGIN_SECONDS
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (1, 3)


async def test_it_reaches_whom_it_names_and_nobody_reaches_it() -> None:
    """By the policies: the API server and the name server; not the services' pods, not the world."""
    resources = await declared(stack())
    policies = [policy(inputs) for (kind, _), inputs in resources.items() if kind == "NetworkPolicy"]
    labels = resources["CronJob", NAME]["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    assert PART_OF_LABEL not in labels  # the services' policies let in whoever carries it
    teal, system = Namespace(name="teal"), Namespace(name="kube-system")
    watch = Pod(name="watch", namespace=teal, labels=labels)
    others: list[Actor] = [
        Pod(name="backend", namespace=teal, labels={"app.kubernetes.io/name": "backend", PART_OF_LABEL: PART_OF}),
        Pod(name="dns", namespace=system, labels={"k8s-app": "kube-dns"}),
        Outside(name="api-server", address="192.0.2.10"),
        Outside(name="anybody", address="203.0.113.9"),
    ]
    asked = (Port(6443), Port(8000), Port(53, "UDP"))
    seen = {pair: ports for pair, ports in matrix(policies, [watch, *others], asked).items() if "watch" in pair}
    assert {pair: ports for pair, ports in seen.items() if ports} == {
        ("watch", "api-server"): {Port(6443)},
        ("watch", "dns"): {Port(53, "UDP")},
    }


async def test_it_has_no_policy_where_others_write_them() -> None:
    """Without policies of teal's nothing is denied, and nothing has to be named."""
    free = {"network": {"policies": False}}
    resources = await declared(stack({"image": "a:1"}, services={"backend": free, "frontend": free}))
    assert ("CronJob", NAME) in resources
    assert ("NetworkPolicy", f"{NAME}-network") not in resources


async def test_a_token_for_prometheus_is_a_secret_to_everybody_else() -> None:
    """It reaches the pod from a Secret; the way to Prometheus may be another one from within the cluster."""
    prometheus = {"url": "https://prometheus.example", "token": "s3cret-enough"}
    raw = stack({**WATCH, "prometheusUrl": "https://192.0.2.10:9090"}, prometheus=prometheus)
    resources = await declared(raw)
    assert sealed(resources["Secret", f"{NAME}-prometheus"]["stringData"]) == {"token": "s3cret-enough"}
    spec = resources["CronJob", NAME]["spec"]
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"][1:] == [
        {"name": "PROMETHEUS_URL", "value": "https://192.0.2.10:9090"},
        {"name": "PROMETHEUS_TOKEN", "valueFrom": {"secretKeyRef": {"name": NAME, "key": "token"}}},
    ]


async def test_other_credentials_for_prometheus_are_one_secret() -> None:
    """The watch reads from it what the update itself would show."""
    shown = {"user": "teal", "password": "s3cret-enough", "headers": {"X-Scope-OrgID": "shop"}}
    resources = await declared(stack(WATCH, prometheus={"url": "https://prometheus.example", **shown}))
    (text,) = sealed(resources["Secret", f"{NAME}-prometheus"]["stringData"]).values()
    assert json.loads(text) == shown
    assert of_environment({"PROMETHEUS_CREDENTIALS": text}) == Credentials.model_validate(shown)
    container = resources["CronJob", NAME]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    (env,) = (each for each in container["env"] if each["name"].startswith("PROMETHEUS_"))
    assert env["valueFrom"] == {"secretKeyRef": {"name": NAME, "key": "credentials"}}
    with pytest.raises(TealError, match="PROMETHEUS_CREDENTIALS cannot be read") as error:
        of_environment({"PROMETHEUS_CREDENTIALS": text[:-1]})
    assert "s3cret" not in str(error.value)


async def test_who_is_told_is_a_secret_to_everybody_but_its_pod() -> None:
    """A Secret holds all of it; in its namespace it may note who was told, by name, and read no Secret at all."""
    notify = {"receivers": {"chat": {"url": "slack://T0K3N-a/b/c"}}, "cloudEvents": {"url": "https://e.example/T0K3N"}}
    resources = await declared(stack(notify=notify))
    audience = Audience.model_validate_json(sealed(resources["Secret", NOTIFY]["stringData"])["audience"])
    assert audience == load(stack(notify=notify), stack="dev").audience
    spec = resources["CronJob", NAME]["spec"]
    assert spec["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"][-1] == {
        "name": "TEAL_NOTIFY",
        "valueFrom": {"secretKeyRef": {"name": NOTIFY, "key": "audience"}},
    }
    rules = resources["Role", f"{NAME}-role"]["rules"]
    assert rules[-1] == {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "verbs": ["get", "patch"],
        "resourceNames": ["teal-told"],
    }
    assert not [rule for rule in rules if "secrets" in rule["resources"]]
    assert "data" not in resources["ConfigMap", "teal-told"]  # that is written by whoever tells
    assert "T0K3N" not in json.dumps({str(key): each for key, each in resources.items() if key[0] != "Secret"})


async def test_events_of_kubernetes_take_a_right_of_their_own() -> None:
    """To make some; and to read the Services that they are about."""
    rules = (await declared(stack(notify={"kubernetesEvents": True})))["Role", f"{NAME}-role"]["rules"]
    assert rules[-2:] == [
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
        {"apiGroups": [""], "resources": ["services"], "verbs": ["get"], "resourceNames": ["backend", "frontend"]},
    ]


async def test_nothing_is_noted_where_nobody_is_told() -> None:
    """A stack without teal:notify has no object and no right more than before."""
    resources = await declared(stack())
    assert not [name for _, name in resources if "told" in name or "notify" in name]


async def test_who_was_told_is_noted_also_without_a_watch() -> None:
    """The next update goes on with a flip whose update died."""
    notify = json.dumps({"cloudEvents": {"url": "https://events.example"}})
    resources = await declared({**config(), "notify": notify})
    assert ("ConfigMap", "teal-told") in resources
    assert ("Secret", NOTIFY) not in resources


@pytest.mark.parametrize(
    ("watch", "more", "said"),
    [
        ({"image": "teal:1"}, {}, "teal:watch.egress.api-server.cidrs[0]"),
        ({**WATCH, "schedule": "often"}, {}, "teal:watch.schedule"),
        (
            WATCH,
            {"prometheus": {"url": "https://prometheus.example", "caFile": "/etc/ssl/own.pem"}},
            "pulumi config set --path 'teal:watch.prometheusUrl' https://",
        ),
        (
            {**WATCH, "prometheusUrl": "http://prometheus.monitoring:9090"},
            {"prometheus": {"url": "https://prometheus.example", "token": "SECRET"}},
            "http://prometheus.monitoring:9090 is not https",
        ),
    ],
)
def test_a_watch_that_could_not_work_is_refused(
    watch: Mapping[str, Any], more: Mapping[str, Mapping[str, Any]], said: str
) -> None:
    """No way to the API server, no schedule, a certificate that pods cannot verify: said before anything is made."""
    with pytest.raises(ConfigError) as error:
        load(stack(watch, **more), stack="dev")
    assert said in str(error.value)


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
