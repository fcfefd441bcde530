"""docs/rights.md names what is asked of the API server: an account that has these rights, and no others, can go on."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import pytest
from teal_infra.planning import live

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.history import approval
from teal.model.colours import Colour
from teal.model.errors import NotThereError
from teal.status import look
from tests.unit.conftest import FakeApiServer
from tests.unit.docs.test_links import ROOT
from tests.unit.infra.worlds import BASE, edited, settings

PAGE = (ROOT / "docs/rights.md").read_text()
ROW = re.compile(r"^\| (`[^|]*) \| (`[^|]*) \|", re.MULTILINE)
WORD = re.compile(r"`([\w/-]+)`")
TABLE = PAGE.partition("The watch has rights of its own")[0]
UPDATES = {kind for verbs, on in ROW.findall(TABLE) if "list" in WORD.findall(verbs) for kind in WORD.findall(on)}
"""What an update may list, by the first table."""


def access(server: FakeApiServer) -> ClusterAccess:
    """A way to the API server that notes what it is asked."""
    return ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)


def listed(asked: Iterable[str]) -> set[str]:
    """The kinds of which whole lists were read."""
    paths = (urlsplit(each).path.rpartition("/namespaces/")[2].split("/") for each in asked)
    return {parts[1] for parts in paths if len(parts) == 2}


def paragraph(begins: str) -> str:
    """One of the page's, by its beginning."""
    return next(each for each in PAGE.split("\n\n") if each.startswith(begins))


async def test_a_status_lists_what_the_page_says(api_server: FakeApiServer) -> None:
    """Whether or not the stack has workers: only the list of their records tells."""
    async with Cluster.connect(access(api_server)) as cluster:
        await look.looked(cluster)
    said = re.search(r"`list` on (.*?)\(", paragraph("`teal status` and"), re.DOTALL)
    assert said
    assert listed(api_server.asked) == {*WORD.findall(said[1])}


async def test_an_update_lists_what_the_page_says(api_server: FakeApiServer) -> None:
    """Before it declares anything, through each of the routers that need no other API."""
    edge = {"router": "gateway", "gateway": {"name": "edge"}, "services.backend.network": {"policies": False}}
    for changes in ({}, edge):
        await live.ask(access(api_server), settings(edited(BASE, changes)))
    assert {"services", "httproutes", "configmaps"} <= listed(api_server.asked) <= UPDATES


async def test_an_approval_lists_what_the_page_says(api_server: FakeApiServer) -> None:
    """The approval is of what runs."""
    async with Cluster.connect(access(api_server)) as cluster:
        with pytest.raises(NotThereError):  # the cluster is empty
            await approval.approve_what_runs(cluster, Colour.GREEN)
    said = re.search(r"`list` on (`\w+`):", paragraph("Whoever approves"))
    assert said
    assert listed(api_server.asked) == {*WORD.findall(said[1])}
