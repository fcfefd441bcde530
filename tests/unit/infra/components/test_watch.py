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
from tests.unit.infra.components.test_network import policy
from tests.unit.infra.components.watching import WATCH, stack
from tests.unit.infra.recording import config, declared, sealed
from tests.unit.teal.network.reachability import Actor, Namespace, Outside, Pod, Port, matrix


async def test_there_is_none_unless_asked_for() -> None:
    """A stack that does not mention it has no CronJob and no account for it."""
    assert not [name for name in await declared(config()) if NAME in str(name)]


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
