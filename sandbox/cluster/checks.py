"""Whether a component does its work, seen from outside it: one look, no waiting."""

import asyncio
import ssl

import httpx2

from sandbox.cluster.components import Check, Component
from sandbox.cluster.layout import API_SERVER, Layout

_TIMEOUT_S = 2.0
_OK = 200


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
        try:
            match component.check:
                case Check.HTTP:
                    return (await self._client.get(component.target)).status_code == _OK
                case Check.LISTENS:
                    _, writer = await asyncio.open_unix_connection(component.target)
                    writer.close()
                    return True
                case Check.NODE_KNOWN:
                    return (await self._client.get(self._node)).status_code == _OK
                case Check.NODE_READY:
                    conditions = (await self._client.get(self._node)).json()["status"].get("conditions", [])
                    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
                case Check.EXITS:
                    return False  # its exit tells
        except (httpx2.HTTPError, OSError, KeyError):
            return False
