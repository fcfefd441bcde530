"""What is written is what was known, in the format Pulumi's engine takes, and no secret is in clear."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engine.checkpoint import Snapshot
from sandbox.engine.errors import SecretsError, StateError
from sandbox.engine.secrets import Crypter
from sandbox.engine.state import SECRET, SIG, UNKNOWN, PendingOperation, ResourceState, Value, now, secret
from tests.unit.engine_backend.conftest import SALT

ENVIRON = {"PULUMI_CONFIG_PASSPHRASE": "password"}
STACK = "urn:pulumi:dev::teal::pulumi:pulumi:Stack::teal-dev"
PROVIDER = "urn:pulumi:dev::teal::pulumi:providers:kubernetes::default"

NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text() | st.just(UNKNOWN)
KEYS = st.text().filter(lambda key: key != SIG)
TREES = st.recursive(
    LEAVES, lambda tree: st.lists(tree) | st.dictionaries(KEYS, tree) | tree.map(secret), max_leaves=20
)


def stack() -> ResourceState:
    """The root of every graph."""
    return ResourceState(STACK, "pulumi:pulumi:Stack")


def provider() -> ResourceState:
    """A provider resource."""
    return ResourceState(PROVIDER, "pulumi:providers:kubernetes", custom=True, id="1", parent=STACK)


def resource(name: str = "backend", **fields: Value) -> ResourceState:
    """A Service of that provider."""
    urn = f"urn:pulumi:dev::teal::kubernetes:core/v1:Service::{name}"
    given: dict[str, Value] = {
        "custom": True,
        "id": f"teal/{name}",
        "parent": STACK,
        "provider": f"{PROVIDER}::1",
    } | fields
    return ResourceState(urn, "kubernetes:core/v1:Service", **given)


def snapshot(*resources: ResourceState, operations: list[PendingOperation] | None = None) -> Snapshot:
    """A stack with these resources."""
    return Snapshot([stack(), provider(), *resources], operations or [], Crypter(SALT, "password"))


def read(text: str) -> Snapshot:
    """What another process reads from a checkpoint file."""
    return Snapshot.from_deployment(json.loads(text), ENVIRON)


@settings(deadline=None)  # the first example derives the key
@given(st.dictionaries(KEYS, TREES), st.dictionaries(KEYS, TREES))
def test_any_property_tree_survives(inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    """Secrets at any depth (in secrets too), unknowns, nulls and empty containers come back as they were."""
    before = snapshot(resource(inputs=inputs, outputs=outputs))
    after = read(before.to_checkpoint("organization/teal/dev"))
    assert (after.resources, after.pending_operations) == (before.resources, [])


def test_what_is_set_between_two_saves_is_in_the_second() -> None:
    """Text of the first save is used again only for resources of which no field was set since."""
    changed, same = resource("changed", outputs={"a": 1}), resource("same", outputs={"a": 1})
    whole = snapshot(changed, same)
    whole.to_checkpoint("organization/teal/dev")
    changed.outputs, changed.id = {"a": 2}, "teal/other"
    after = read(whole.to_checkpoint("organization/teal/dev"))
    assert after.resources[-2:] == [changed, same]


def test_every_field_of_a_resource_survives() -> None:
    """Nothing known of a resource is lost, nor what only a real engine knows."""
    full = resource(
        inputs={"a": 1},
        outputs={"b": 2},
        dependencies=[STACK],
        property_dependencies={"a": [PROVIDER]},
        deleted_with=STACK,
        protect=True,
        external=True,
        delete=True,
        pending_replacement=True,
        retain_on_delete=True,
        init_errors=["not ready"],
        additional_secret_outputs=["b"],
        aliases=["urn:pulumi:dev::teal::x::old"],
        custom_timeouts={"create": 60.0},
        ignore_changes=["a"],
        replace_on_changes=["a"],
        resource_hooks={"before_update": ["guard"]},
        import_id="x",
        created=now(),
        modified=now(),
        source_position="project:///__main__.py#1,1",
        extra={"hideDiff": [["a"]], "taint": True},
    )
    empty = [name for name, value in vars(full).items() if not value]
    assert empty == []
    operations = [PendingOperation("updating", full)]
    after = read(snapshot(full, operations=operations).to_checkpoint("organization/teal/dev"))
    assert (after.resources[2], after.pending_operations) == (full, operations)


def test_no_secret_is_in_the_file_in_clear() -> None:
    """Inputs, outputs, pending operations: sealed with the stack's own salt, which is beside them."""
    holder = resource(inputs={"a": {"b": [secret("hunter2")]}}, outputs={"data": secret({"x": secret("swordfish")})})
    text = snapshot(holder, operations=[PendingOperation("creating", holder)]).to_checkpoint("organization/teal/dev")
    assert "hunter2" not in text
    assert "swordfish" not in text
    latest = json.loads(text)["checkpoint"]["latest"]
    assert latest["secrets_providers"] == {"type": "passphrase", "state": {"salt": SALT}}
    sealed = latest["resources"][2]["outputs"]["data"]
    assert (set(sealed), sealed[SIG]) == ({SIG, "ciphertext"}, SECRET)


def test_an_export_with_secrets_shown_has_them_as_plaintext_json() -> None:
    """As `pulumi stack export --show-secrets` writes them, and it can be read back without a passphrase."""
    before = snapshot(resource(inputs={"a": secret({"b": secret(1)})}))
    exported = before.to_deployment(show_secrets=True)
    assert exported["version"] == 3
    inner = f'{{"b":{{"{SIG}":"{SECRET}","plaintext":"1"}}}}'
    assert exported["deployment"]["resources"][2]["inputs"] == {"a": {SIG: SECRET, "plaintext": inner}}
    assert Snapshot.from_deployment(exported, {}).resources == before.resources


def test_the_manifest_has_the_checksum_pulumi_computes() -> None:
    """SHA-256 of the version text: without it `stack import` refuses."""
    manifest = snapshot().to_deployment()["deployment"]["manifest"]
    assert manifest["magic"] == hashlib.sha256(manifest["version"].encode()).hexdigest()


def test_hooks_make_it_format_version_4() -> None:
    """A feature an older engine would drop is named, so that it refuses instead."""
    hooked = snapshot(resource(resource_hooks={"before_update": ["guard"]})).to_deployment()
    assert (hooked["version"], hooked["features"]) == (4, ["hooks"])
    assert Snapshot.from_deployment(hooked, ENVIRON).resources[2].resource_hooks == {"before_update": ["guard"]}


def test_a_secret_needs_something_to_be_sealed_with() -> None:
    """It is never written in clear for want of a key."""
    before = snapshot(resource(inputs={"a": secret("hunter2")}))
    before.crypter = None
    with pytest.raises(SecretsError, match="no encryptionsalt"):
        before.to_checkpoint("organization/teal/dev")


def test_a_wrong_passphrase_loads_nothing() -> None:
    """A checkpoint with secrets is not half read."""
    text = snapshot(resource(inputs={"a": secret("hunter2")})).to_checkpoint("organization/teal/dev")
    with pytest.raises(SecretsError, match="incorrect passphrase"):
        Snapshot.from_deployment(json.loads(text), {"PULUMI_CONFIG_PASSPHRASE": "wrong"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "format version 2"),
        ({"version": 4, "features": ["hooks", "snippets-prototype"]}, "uses snippets-prototype"),
        ({"deployment": {"manifest": {"version": "v3", "magic": "0"}}}, "magic cookie mismatch"),
        ({"deployment": {"secrets_providers": {"type": "service", "state": {}}}}, "kept by 'service'"),
        ({"deployment": {"resources": [{"urn": "x"}]}}, "no urn or no type"),
        (
            {"deployment": {"resources": [{"urn": "x", "type": "t", "inputs": {"a": {SIG: SECRET}}}]}},
            "malformed secret",
        ),
    ],
)
def test_what_cannot_be_worked_with_is_refused(change: dict[str, Any], message: str) -> None:
    """Another format, a feature nobody implemented here, a tampered file."""
    with pytest.raises((StateError, SecretsError), match=message):
        Snapshot.from_deployment(snapshot().to_deployment() | change, ENVIRON)


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ([resource("b", dependencies=[resource("a").urn]), resource("a")], "::b refers to .*::a"),
        ([resource("b", property_dependencies={"x": [resource("a").urn]})], "::b refers to .*::a"),
        ([resource("b", deleted_with=resource("a").urn)], "::b refers to .*::a"),
        ([resource("b", parent=resource("a").urn)], "::b refers to .*::a"),
        ([resource("b", provider=f"{PROVIDER}::2")], f"::b refers to {PROVIDER}::2"),
        ([resource("b"), resource("b")], "stands twice"),
        ([resource("b", custom=False)], "not custom"),
    ],
)
def test_a_graph_pulumi_would_refuse_is_refused(resources: list[ResourceState], message: str) -> None:
    """Order, dangling references, doubles: Pulumi's own integrity check, on what is written and what is read."""
    odd = snapshot(*resources)
    for check in (odd.verify, lambda: Snapshot.from_deployment(odd.to_deployment(), ENVIRON)):
        with pytest.raises(StateError, match=rf"integrity failure.*{message}"):
            check()


def test_an_old_one_may_stand_beside_its_replacement() -> None:
    """Both are there while a replacement is under way."""
    snapshot(resource("b"), resource("b", id="old", delete=True)).verify()


def test_a_number_json_cannot_hold_is_refused() -> None:
    """NaN would make the file unreadable for everybody."""
    with pytest.raises(StateError, match="cannot be kept"):
        snapshot(resource(outputs={"x": float("nan")})).to_checkpoint("organization/teal/dev")
