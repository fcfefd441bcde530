"""Operations on resources: property trees in, property trees out.

Between the protocol (`provider.py`) and the cluster (`cluster.py`): takes secrets out of their envelopes on the way
in and puts them back on the way out, and turns a failed await into a state to keep.
"""

from dataclasses import dataclass
from typing import Final

from sandbox.providers.comparing import take_up_drift
from sandbox.providers.failures import UnfinishedError
from sandbox.providers.kubernetes import names, outputs
from sandbox.providers.kubernetes.awaiting import Wait
from sandbox.providers.kubernetes.cluster import Cluster, owned_by, timeout
from sandbox.providers.kubernetes.enginelog import EngineLog
from sandbox.providers.kubernetes.errors import ApiError, KubernetesError, NotReadyError
from sandbox.providers.kubernetes.inputs import Checked, check, from_body, hide_secret_data, to_body
from sandbox.providers.kubernetes.observe import inputs_from_live
from sandbox.providers.kubernetes.watching import Cancellation
from sandbox.providers.naming import Naming
from sandbox.providers.properties import Map, contains_unknown, map_at, mark_secrets, reveal

_MANAGER: Final = "pulumi.com/patchFieldManager"


@dataclass(frozen=True)
class Resources:
    """The resources of one configured provider."""

    cluster: Cluster
    namespace: str
    log: EngineLog
    cancellation: Cancellation

    async def check(self, token: str, news: Map, olds: Map, naming: Naming) -> Checked:
        """Complete and validate inputs; the namespace is looked up only for a resource that names none."""
        api_version, kind = names.kind_of(token)
        wanted = not map_at(news, "metadata").get("namespace")
        namespace = self.namespace if wanted and await self.cluster.namespaced(api_version, kind) else None
        checked = check(token, news, olds, naming=naming, namespace=namespace)
        return Checked(inputs=hide_secret_data(kind, checked.inputs), failures=checked.failures)

    async def preview_create(self, urn: str, inputs: Map) -> Map:
        """Say what creating would give."""
        rehearsed = None
        if not contains_unknown(inputs):
            rehearsed, warning = await self.cluster.rehearse_create(to_body(inputs), manager=_manager(urn, inputs, {}))
            if warning:
                self.log.warning(urn, f"`pulumi up` would fail: {warning}")
        return _secretive(outputs.preview_created(inputs, rehearsed and from_body(rehearsed)), inputs)

    async def create(self, urn: str, inputs: Map, seconds: float) -> tuple[str, Map]:
        """Create, and wait until it is ready. Returns id and state."""
        body, manager = to_body(inputs), _manager(urn, inputs, {})
        wait = self._wait(urn, inputs, seconds)
        live = await self.cluster.create(body, manager=manager, wait=wait)
        return names.identity(live), await self._settle(live, inputs, manager, wait)

    async def preview_update(self, urn: str, inputs: Map, state: Map, ignore: list[str]) -> Map:
        """Say what updating would give."""
        _, live = outputs.parse(state)
        if contains_unknown(inputs):
            return _secretive(outputs.preview_unasked(inputs, live), {**state, **inputs})
        manager = _manager(urn, inputs, state)
        rehearsed = await self.cluster.update(to_body(inputs), live, manager=manager, ignore=ignore, dry_run=True)
        return _secretive(outputs.preview_updated(from_body(rehearsed), live), inputs)

    async def update(self, urn: str, inputs: Map, state: Map, ignore: list[str], seconds: float) -> Map:
        """Update in place, and wait until it is ready. Returns the new state."""
        _, live = outputs.parse(state)
        manager = _manager(urn, inputs, state)
        applied = await self.cluster.update(to_body(inputs), live, manager=manager, ignore=ignore)
        return await self._settle(applied, inputs, manager, self._wait(urn, inputs, seconds))

    async def delete(self, urn: str, token: str, identifier: str, state: Map, seconds: float) -> None:
        """Delete, and wait until it is gone."""
        inputs, live = outputs.parse(state)
        await self.cluster.delete(_located(token, identifier, live), inputs, self._wait(urn, inputs, seconds))

    async def read(self, urn: str, token: str, identifier: str, inputs: Map, state: Map) -> tuple[str, Map, Map] | None:
        """Read what is live. Returns id, inputs and state; None if it is gone.

        Inputs that the live object still follows come back as they are; those it does not, as they are live.

        Without an id, as an engine asks whose creation was interrupted, it is looked up by its inputs, and is this
        resource's only if its own field manager made it.
        """
        old = inputs or map_at(state, outputs.INPUTS)
        target = await self._placed(_located(token, identifier, reveal(old) or outputs.parse(state)[1]))
        live = await self.cluster.find(target)
        if live is None:
            return None
        manager = _manager(urn, old, state)
        if not identifier and not owned_by(live, manager):
            return None
        if old:
            inputs = await self._take_up(old, live, manager)
        else:
            inputs = hide_secret_data(str(live.get("kind")), inputs_from_live(live))
        return names.identity(live), inputs, outputs.checkpoint(inputs, live, manager=manager)

    async def _take_up(self, old: Map, live: Map, manager: str) -> Map:
        """Return the inputs as they would have to be to give what is live.

        The API server rewrites what it is given (`1000m` becomes `1`), so live values cannot be compared with inputs.
        They are compared with what its dry run makes of the same inputs: where the two differ, somebody changed it.
        """
        body = to_body(old)
        try:
            reapplied = await self.cluster.rehearse_apply(body, manager=manager)
        except ApiError:
            reapplied = {}  # the server would not take them any more: everything that is live counts
        taken = take_up_drift(reveal(old), from_body(reapplied), from_body(live))
        return mark_secrets(hide_secret_data(str(live.get("kind")), taken), old)

    async def _placed(self, target: Map) -> Map:
        """Give an object that is looked for without a namespace the default one, if its kind has namespaces."""
        placed = bool(target["metadata"].get("namespace"))
        if placed or not await self.cluster.namespaced(target["apiVersion"], target["kind"]):
            return target
        return {**target, "metadata": {**target["metadata"], "namespace": self.namespace}}

    async def _settle(self, applied: Map, inputs: Map, manager: str, wait: Wait) -> Map:
        """Wait until an applied object is ready; whatever goes wrong from here on, the object exists."""
        try:
            live = await self.cluster.settle(applied, reveal(inputs), wait)
        except KubernetesError as error:
            live, reasons = (error.live, error.reasons) if isinstance(error, NotReadyError) else (applied, [])
            raise UnfinishedError(
                str(error),
                identifier=names.identity(applied),
                state=outputs.checkpoint(inputs, live, manager=manager),
                inputs=inputs,
                reasons=[str(error), *reasons],
            ) from error
        return outputs.checkpoint(inputs, live, manager=manager)

    def _wait(self, urn: str, inputs: Map, seconds: float) -> Wait:
        def report(message: str) -> None:
            self.log.progress(urn, message)

        return Wait(seconds=timeout(reveal(inputs), seconds), report=report, cancellation=self.cancellation)


def _manager(urn: str, inputs: Map, state: Map) -> str:
    """Name the field manager: as annotated, as it was, or the resource's own."""
    return str(
        reveal(names.annotations(inputs).get(_MANAGER)) or state.get(outputs.MANAGER) or names.field_manager(urn)
    )


def _secretive(tree: Map, inputs: Map) -> Map:
    """Make secret what has to be."""
    metadata = {key: value for key, value in map_at(tree, "metadata").items() if key != "managedFields"}
    hidden = hide_secret_data(str(tree.get("kind", "")), {**tree, **({"metadata": metadata} if metadata else {})})
    return mark_secrets(hidden, inputs)


def _located(token: str, identifier: str, known: Map) -> Map:
    """Build what is needed to find an object, from its id and what is known of it."""
    api_version, kind = names.kind_of(token)
    metadata = map_at(known, "metadata")
    if identifier:
        namespace, name = names.parse_identity(identifier)
        metadata = {**metadata, "name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, **known, "metadata": metadata}
