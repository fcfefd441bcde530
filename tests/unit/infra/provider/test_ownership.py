"""Everything in the cluster is owned under one name, whichever update wrote it."""

import json

import pytest
from teal_infra.provider.ownership import FIELD_MANAGER

from teal.model.colours import ENGINE
from tests.unit.infra.declaring import CALLERS, config, declared

API = {"cidrs": ["10.0.0.1/32"], "ports": [6443]}
pytestmark = pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")


@pytest.mark.parametrize("router", ["service", "alb", "gateway"])
async def test_every_object_says_under_which_name_it_is_owned(router: str) -> None:
    """An update that was killed, or a state that was lost, leaves no owner whom the next one would not know."""
    extras = {"migrations": {}, **({"ingress": {"host": "shop.example"}} if router == "service" else {})}
    release = {"image": "registry.example/backend:1", "schema": {"expand": "0001"}, "secrets": {"TOKEN": "s3cret"}}
    found = await declared(
        {
            **config("green", router),
            "services": json.dumps({"backend": {"port": 8000, **CALLERS, **extras}}),
            "green": json.dumps({"version": "1.1.0", "backend": release}),
            "watch": json.dumps({"image": "registry.example/teal:1", "egress": {"api": API}}),
        }
    )
    objects = {key for key, each in found.types.items() if each.startswith("kubernetes:")}
    owners = {key: found[key]["metadata"]["annotations"].get("pulumi.com/patchFieldManager") for key in objects}
    assert {kind for kind, _ in objects} >= {"Namespace", "Deployment", "Service", "ConfigMap", "Secret", "Job", "Role"}
    assert {*owners.values()} == {FIELD_MANAGER}, owners
    assert FIELD_MANAGER.startswith(ENGINE), "or traffic that an update moved would be taken for somebody else's"
