"""A front door that speaks TLS is asked so, and whose certificate it is decides whether that has to be a good one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from teal.adapters import front_door
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.flip.watching.follow import followed
from teal.model.errors import RefusedError
from teal.model.routes import RouterKind
from teal.spec.bake import ServiceBake
from tests.unit.certified import serving_tls
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import move
from tests.unit.teal.serving import Asked, Said, serving


async def green(_: Asked) -> Said:
    """What a pod of the new release says that it is."""
    return Said(body=json.dumps({"version": "1.1.0", "deployment_group": "green"}).encode())


@pytest.mark.parametrize(
    ("router", "tls", "believed"),
    [
        (RouterKind.SERVICE, True, True),
        (RouterKind.SERVICE, False, False),
        (RouterKind.GATEWAY, True, False),
    ],
)
async def test_pods_may_have_any_certificate_and_a_gateway_may_not(
    api_server: FakeApiServer,
    tmp_path: Path,
    router: RouterKind,
    *,
    tls: bool,
    believed: bool,
) -> None:
    """Through a Service clients meet the pods' own; before a balancer it is the balancer's, whatever pods have."""
    api_server.service("backend", "green")
    api_server.pods("backend", "green", ["1.1.0"])
    api_server.endpoints("backend", ["backend-green-0"])
    services = {"backend": ServiceBake(path="/pricing", tls=tls)}
    bake = move().bake.model_copy(update={"router": router, "services": services})
    async with (
        serving(green, tls=serving_tls(tmp_path)) as url,
        Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)) as cluster,
    ):
        declared = replace(move(), bake=bake, front_doors={"backend": url})
        if believed:
            await followed(cluster, declared, {})
            return
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(front_door, "DEADLINE_SECONDS", 0.5)
            with pytest.raises(RefusedError, match="CERTIFICATE_VERIFY_FAILED"):
                await followed(cluster, declared, {})
