"""Whether a component does its work, seen from outside it: one look, no waiting."""

import asyncio
import re
import ssl

import httpx2

from sandbox.cluster.daemons.component import Check, Component
from sandbox.cluster.layout import API_SERVER, Layout

_TIMEOUT_S = 2.0
_OK = 200
# kube-proxy's metric: when it last wrote its rules, as a Unix time.
_RULES_WRITTEN = re.compile(r"^kubeproxy_sync_proxy_rules_last_timestamp_seconds(?:\{.*\})? (\S+)$", re.MULTILINE)


class Checker:
    """Looks at components of one sandbox as its administrator."""

    def __init__(self, layout: Layout) -> None:
        """Open nothing yet; `layout.pki` must be there."""
        context = ssl.create_default_context(cafile=str(layout.pki / "ca.crt"))
        context.load_cert_chain(layout.pki / "admin.crt", layout.pki / "admin.key")
        self._client = httpx2.AsyncClient(verify=context, timeout=_TIMEOUT_S, trust_env=False)
        self._node = f"{API_SERVER}/api/v1/nodes/{layout.node}"

    async def holds(self, component: Component) -> bool:
        """Whether `component` can be seen to work now; an error is a no."""
        looks = {
            Check.HTTP: self._answers,
            Check.LISTENS: self._listens,
            Check.NODE_KNOWN: self._node_is_known,
            Check.NODE_READY: self._node_is_ready,
            Check.RULES_WRITTEN: self._has_written_rules,
        }
        if component.check is Check.EXITS:
            return False  # its exit tells
        try:
            return await looks[component.check](component.target)
        except (httpx2.HTTPError, OSError, KeyError):
            return False

    async def _answers(self, url: str) -> bool:
        return (await self._client.get(url)).status_code == _OK

    async def _listens(self, path: str) -> bool:
        _, writer = await asyncio.open_unix_connection(path)
        writer.close()
        return True

    async def _node_is_known(self, health: str) -> bool:
        return await self._answers(health) and await self._answers(self._node)

    async def _node_is_ready(self, _: str) -> bool:
        conditions = (await self._client.get(self._node)).json()["status"].get("conditions", [])
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    async def _has_written_rules(self, metrics: str) -> bool:
        written = _RULES_WRITTEN.search((await self._client.get(metrics)).text)
        return written is not None and float(written[1]) > 0
