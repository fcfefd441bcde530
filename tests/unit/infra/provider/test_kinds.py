"""What is sent for a kind is what the SDK's own class would send; it is only imported faster."""

import inspect
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, cast

import pulumi
import pytest
from pulumi import _types as described  # pyright: ignore[reportPrivateUsage]  # which names its classes' fields have
from pulumi.runtime import mocks, stack
from teal_infra.provider import kinds

GROUPS = (
    "admissionregistration.v1",
    "apps.v1",
    "autoscaling.v2",
    "batch.v1",
    "core.v1",
    "meta.v1",
    "networking.v1",
    "policy.v1",
    "rbac.v1",
)


class Echo(mocks.Mocks):
    """Answers with what was asked for."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[object, object]]:
        """The inputs."""
        given = cast("Mapping[object, object]", args.inputs)  # pyright: ignore[reportUnknownMemberType]  # no types
        return f"{args.name}-id", dict(given)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[object, object], list[tuple[str, str]] | None]:
        """Nothing is looked up."""
        raise NotImplementedError(args.token)


SELECTOR = {"match_labels": {"of_me": "a_b"}}
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "ConfigMap": {"data": {"A_KEY": "1"}},
    "CronJob": {"spec": {"concurrency_policy": "Forbid"}},
    "Deployment": {"spec": {"selector": SELECTOR, "min_ready_seconds": 1}},
    "HorizontalPodAutoscaler": {"spec": {"scale_target_ref": {"api_version": "apps/v1", "name": "shop"}}},
    "NetworkPolicy": {"spec": {"ingress": [{"from_": [{"pod_selector": SELECTOR}]}]}},
    "RoleBinding": {"role_ref": {"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": "shop"}},
    "Secret": {"data": {"B_KEY": "c2VjcmV0"}, "string_data": {"A_KEY": "secret"}},
    "Service": {"spec": {"cluster_ip": "None", "selector": {"of": "me"}}},
    "ServiceAccount": {"automount_service_account_token": False},
    "ValidatingAdmissionPolicyBinding": {"spec": {"policy_name": "shop"}},
}
"""What a kind is declared with here, beside its metadata."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the engine is asked to register, in order."""
    found: list[Any] = []
    register: Callable[[Any, Any], Any] = mocks.MockMonitor.RegisterResource  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # no types

    def note(self: mocks.MockMonitor, request: Any) -> Any:  # noqa: ANN401 - a message of the engine's protocol
        found.append(request)
        return register(self, request)

    monkeypatch.setattr(mocks.MockMonitor, "RegisterResource", note)
    return found


async def declare(sent: list[Any], make: Callable[[], pulumi.CustomResource]) -> Any:  # noqa: ANN401 - as above
    """What is asked for one resource, whose `metadata.name` can be read."""
    mocks.set_mocks(Echo(), project="teal", stack="dev")
    names: list[str] = []

    async def program() -> None:
        made: Any = make()
        made.metadata["name"].apply(names.append)

    await stack.run_pulumi_func(program)
    assert names == ["shop"]
    (request,) = (each for each in sent if each.type.startswith("kubernetes:"))
    sent.clear()
    return request


@pytest.mark.parametrize("kind", kinds.__all__)
async def test_a_kind_is_registered_as_by_the_sdk(kind: str, sent: list[Any]) -> None:
    """Its type, version, fields, and which of them are secret."""
    (group,) = (each for each in GROUPS if hasattr(import_module(f"pulumi_kubernetes.{each}"), kind))
    theirs = getattr(import_module(f"pulumi_kubernetes.{group}"), kind)
    fields = {"metadata": {"name": "shop", "labels": {"of_me": "a_b"}}, **FIELDS.get(kind, {})}
    wanted = await declare(sent, lambda: theirs("shop", **fields))
    found = await declare(sent, lambda: getattr(kinds, kind)("shop", **fields))
    assert (found.type, found.version, found.object) == (wanted.type, wanted.version, wanted.object)
    assert list(found.additionalSecretOutputs) == list(wanted.additionalSecretOutputs)


def test_fields_have_the_names_that_the_sdk_gives_them() -> None:
    """All of the kinds' own and of what they hold."""
    wrong: set[tuple[str, str]] = set()
    inputs = [import_module(f"pulumi_kubernetes.{group}._inputs") for group in GROUPS]
    described_by = {each for module in inputs for _, each in inspect.getmembers(module, described.is_input_type)}
    assert len(described_by) > 500
    for each in described_by:
        wrong |= {
            (name, theirs)
            for name, theirs in described.input_type_py_to_pulumi_names(each).items()
            if kinds.camel(name) != theirs
        }
    assert wrong == {("port", "Port")}  # of a kubelet's endpoint: no stack declares that


def test_keys_that_are_the_users_are_left_alone() -> None:
    """Whatever underscores they have."""
    given = {"metadata": {"labels": {"of_me": "x"}}, "spec": {"pod_spec": [{"limits": {"a_b": "1"}, "host_ip": None}]}}
    assert kinds.manifest(given) == {
        "metadata": {"labels": {"of_me": "x"}},
        "spec": {"podSpec": [{"limits": {"a_b": "1"}}]},
    }


def test_the_program_imports_none_of_the_sdks_kinds() -> None:
    """They take as long as all the rest of it."""
    code = "import teal_infra.program, sys; print([each for each in sys.modules if 'pulumi_kubernetes.core.' in each])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
