"""Pods that the namespace would refuse are refused before, with what confines them."""

import json
from typing import Any

import pytest
from teal_infra.settings.load import load

from teal.model.errors import ConfigError
from tests.unit.infra.worlds import BASE, edited

SERVICE, RELEASE = "services.backend.podTemplate.spec", "blue.backend.podTemplate.spec"
CONFINED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "Localhost", "localhostProfile": "a"},
}


def said(**changes: Any) -> str:  # noqa: ANN401 - any JSON
    """What is said of a stack that makes its namespace; nothing where it is taken."""
    texts = {key: json.dumps(each) for key, each in edited(BASE, changes).items() if key != "activeColour"}
    try:
        load({"activeColour": "blue", **texts}, stack="dev")
    except ConfigError as error:
        return str(error)
    return ""


def of(name: str, **context: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    """Containers, of which one has this context."""
    return [{"name": name, **({"image": "a:1"} if name != "backend" else {}), "securityContext": context}]


@pytest.mark.parametrize("kind", ["containers", "initContainers"])
def test_a_container_beside_the_services_says_what_the_level_asks_for(kind: str) -> None:
    """In one template or in both, or its pod says it for all."""
    assert said(**{f"{SERVICE}.{kind}": of("proxy", **CONFINED)}) == ""
    part = {key: CONFINED[key] for key in ("runAsNonRoot", "seccompProfile")}
    rest = {key: CONFINED[key] for key in ("allowPrivilegeEscalation", "capabilities")}
    assert said(**{f"{SERVICE}.{kind}": of("proxy", **rest), f"{SERVICE}.securityContext": part}) == ""
    both = {f"{SERVICE}.{kind}": of("proxy", **rest), f"{RELEASE}.{kind}": of("proxy", **part), "green": None}
    assert said(**both) == ""
    found = said(**{f"{SERVICE}.{kind}": of("proxy", **part)})
    assert "has 1 problem;" in found
    assert "refuses the container proxy for allowPrivilegeEscalation, capabilities.drop; no pod would start" in found
    where = f"teal:{SERVICE}.{kind}[0].securityContext"
    assert f"{where}.allowPrivilegeEscalation' false && pulumi config set --path '{where}.capabilities" in found
    assert said(namespace={"name": "shop", "create": False}, **{f"{SERVICE}.{kind}": of("proxy", **part)}) == ""


@pytest.mark.parametrize(
    ("context", "field"),
    [
        ({"runAsUser": 0}, "runAsUser"),
        ({"runAsNonRoot": False}, "runAsNonRoot"),
        ({"privileged": True}, "privileged"),
        ({"allowPrivilegeEscalation": True}, "allowPrivilegeEscalation"),
        ({"capabilities": {"add": ["SYS_PTRACE"]}}, "capabilities.add"),
        ({"capabilities": {"drop": []}}, "capabilities.drop"),
        ({"seccompProfile": {"type": "Unconfined"}}, "seccompProfile.type"),
    ],
)
def test_the_services_own_container_takes_nothing_away(context: dict[str, Any], field: str) -> None:
    """What it does not say, teal says; a writable root file system no level refuses."""
    assert said(**{f"{SERVICE}.containers": of("backend", readOnlyRootFilesystem=False, runAsUser=1000)}) == ""
    found = said(**{f"{RELEASE}.containers": of("backend", **context)})
    assert f"of the namespace refuses the container backend for {field};" in found
    assert "has 1 problem;" in found


def test_a_context_that_is_taken_away_is_asked_for_as_a_whole() -> None:
    """A null deletes teal's; an initial container of the release has it."""
    assert said(**{f"{SERVICE}.initContainers": [{"name": "copy"}]}) == ""
    null = [{"name": "backend", "securityContext": None}]
    assert "for allowPrivilegeEscalation, capabilities.drop, runAsNonRoot, " in said(**{f"{SERVICE}.containers": null})


@pytest.mark.parametrize(
    ("key", "value", "refused"),
    [
        ("hostNetwork", True, "hostNetwork of a pod"),
        ("volumes", [{"name": "socket", "hostPath": {"path": "/run"}}], "hostPath of a volume"),
        ("securityContext", {"runAsUser": 0}, "securityContext.runAsUser of a pod"),
        ("securityContext", {"runAsNonRoot": False}, "securityContext.runAsNonRoot of a pod"),
        ("securityContext", {"seccompProfile": {"type": "Unconfined"}}, "securityContext.seccompProfile.type of a pod"),
    ],
)
def test_a_pod_shares_nothing_with_its_node_and_no_context_is_weaker(key: str, value: object, refused: str) -> None:
    """It would be of every container, or is refused whatever these say."""
    assert f"the level `restricted` refuses {refused}; no pod would start" in said(**{f"{SERVICE}.{key}": value})
    assert said(**{f"{SERVICE}.securityContext": {"fsGroup": 0, "runAsUser": 1}, f"{SERVICE}.hostPID": False}) == ""


def test_windows_knows_nothing_of_what_only_linux_has() -> None:
    """The level asks for no such thing there, and the API server refuses it."""
    windows = {f"{SERVICE}.os": {"name": "windows"}, "green": None}
    assert said(**windows, **{f"{SERVICE}.containers": of("agent", runAsNonRoot=True)}) == ""
    assert "refuses the container agent for runAsNonRoot;" in said(**windows, **{f"{SERVICE}.containers": of("agent")})
