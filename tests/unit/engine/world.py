"""A deployment without processes: an in-memory cloud, a state kept as checkpoint text, programs as async functions.

Every moment at which a process can die and leave something different behind (a state written, a cloud changed) is kept
as a `Moment`, so that a test can go on from each.
"""

# ruff: noqa: ARG002, D102, D107 - fakes: their interfaces name methods and parameters

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from sandbox.engine import urns
from sandbox.engine.analyzers import Analyzers
from sandbox.engine.checkpoint import Snapshot
from sandbox.engine.deployment import Deployment
from sandbox.engine.hooks import Hooks
from sandbox.engine.interrupted import settle_interrupted
from sandbox.engine.journal import Journal
from sandbox.engine.model import Context, Difference, Goal, InitFailedError, OperationFailedError, Outcome
from sandbox.engine.operations import Check, Live, Wish
from sandbox.engine.registry import Registry
from sandbox.engine.secrets import open_crypter
from sandbox.engine.values import UNKNOWN, Properties, Value, differing_keys, reveal_properties

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.engine.model import Step
    from sandbox.engine.report import Severity, Summary, Violation
    from sandbox.engine.targets import Targets

ENVIRON = {"PULUMI_CONFIG_PASSPHRASE": "for tests"}
CRYPTER = open_crypter(None, ENVIRON)[0]  # its key is derived once, and only if a secret is sealed
STACK = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev"


def urn(name: str) -> str:
    """The URN of a thing declared at top level."""
    return f"urn:pulumi:dev::demo::fake:index:Thing::{name}"


@dataclass
class Recorder:
    """A reporter that remembers."""

    lines: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])

    def started(self, step: Step) -> None:
        self.lines.append(f"{step.op}... {urns.name_of(step.urn)}")

    def finished(self, step: Step, seconds: float) -> None:
        self.lines.append(f"{step.op} {urns.name_of(step.urn)}")

    def failed(self, step: Step, message: str, seconds: float) -> None:
        self.lines.append(f"{step.op} {urns.name_of(step.urn)} failed")
        self.said.append(message)

    def diagnostic(self, severity: Severity, message: str, urn: str = "", *, ephemeral: bool = False) -> None:
        self.said.append(f"{severity}: {message}")

    def violated(self, violation: Violation) -> None:
        self.said.append(violation.message)

    def summary(self, summary: Summary) -> None:
        self.said.append(str(summary.changes))


class Cloud:
    """Objects by id, and what was done to them, in order. What an object's inputs say decides how it behaves."""

    def __init__(self) -> None:
        self.objects: dict[str, Properties] = {}
        self.log: list[str] = []
        self.changed: Callable[[], None] = lambda: None
        self.gate: Callable[[str, str], Awaitable[None]] | None = None
        self._serial = 0

    async def _enter(self, operation: str, name: str) -> None:
        if self.gate is not None:
            await self.gate(operation, name)

    def _done(self, operation: str, name: str) -> None:
        self.log.append(f"{operation} {name}")
        self.changed()

    # The provider's operations (plugin.Operations and what the registry asks of a client).

    async def check_config(self, urn: str, olds: Properties, news: Properties) -> Check:
        return Check(news)

    async def diff_config(self, urn: str, old: Properties, new: Properties) -> Difference:
        keys = tuple(differing_keys(old, new))
        return Difference(changed=bool(keys), changed_keys=keys, replace_keys=("region",) if "region" in keys else ())

    async def configure(self, urn: str, inputs: Properties) -> None: ...

    async def check(self, urn: str, olds: Properties | None, news: Properties, /) -> Check:
        bad = news.get("bad")
        return Check(news, (("bad", str(bad)),) if bad else ())

    async def diff(self, urn: str, old: Live, wish: Wish, /) -> Difference:
        keys = tuple(differing_keys(old.inputs, wish.inputs))
        replaces = tuple(key for key in keys if key == "key")
        return Difference(
            changed=bool(keys),
            changed_keys=keys,
            replace_keys=replaces,
            delete_before_replace=bool(replaces and wish.inputs.get("early")),
        )

    async def create(self, urn: str, wish: Wish, /) -> Live:
        name, inputs = urns.name_of(urn), reveal_properties(wish.inputs)
        if wish.preview:
            return Live("", wish.inputs, {**inputs, "made": UNKNOWN})
        await self._enter("create", name)
        if "refuse" in inputs:
            raise OperationFailedError(str(inputs["refuse"]))
        # As server-side apply with a name of the user's: the same inputs are the same object.
        id_ = f"{name}-{inputs.get('key', 0)}"
        self.objects[id_] = {**inputs, "made": f"by {name}"}
        self._done("create", name)
        self._unready(id_, wish.inputs)
        return Live(id_, wish.inputs, dict(self.objects[id_]))

    async def update(self, urn: str, old: Live, wish: Wish, /) -> Properties:
        name, inputs = urns.name_of(urn), reveal_properties(wish.inputs)
        if wish.preview:
            return {**inputs, "made": UNKNOWN}
        await self._enter("update", name)
        if "refuse" in inputs:
            raise OperationFailedError(str(inputs["refuse"]))
        if old.id not in self.objects:
            raise OperationFailedError(f"{old.id} is gone")
        self.objects[old.id] = {**inputs, "made": f"by {name}"}
        self._done("update", name)
        self._unready(old.id, wish.inputs)
        return dict(self.objects[old.id])

    async def delete(self, urn: str, old: Live, seconds: float, /) -> None:
        name = urns.name_of(urn)
        await self._enter("delete", name)
        if "stay" in old.inputs:
            raise OperationFailedError(str(old.inputs["stay"]))
        if self.objects.pop(old.id, None) is not None:
            self._done("delete", name)

    async def read(self, urn: str, old: Live, /) -> Live | None:
        id_ = old.id or f"{urns.name_of(urn)}-{reveal_properties(old.inputs).get('key', 0)}"
        found = self.objects.get(id_)
        if found is None:
            return None
        live = {key: found.get(key) for key in old.inputs}
        return Live(id_, live if reveal_properties(old.inputs) != live else old.inputs, dict(found))

    async def cancel(self) -> None:
        self.log.append("cancel")

    async def close(self) -> None: ...

    def _unready(self, id_: str, inputs: Properties) -> None:
        if "unready" in inputs:
            raise InitFailedError(
                "not ready", id_=id_, inputs=inputs, outputs=dict(self.objects[id_]), reasons=[str(inputs["unready"])]
            )


class _CloudRegistry(Registry):
    def __init__(self, cloud: Cloud) -> None:
        super().__init__("/nowhere", {})
        self._cloud = cloud

    async def started(self, urn: str) -> Any:  # noqa: ANN401 - a stand-in for PluginClient
        return self._cloud


@dataclass(frozen=True)
class Moment:
    """What is left behind if the process dies now."""

    state: str
    objects: dict[str, Properties]


class Program:
    """What a test's program declares with."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    async def thing(self, name: str, inputs: dict[str, Any] | None = None, **options: Any) -> Outcome:  # noqa: ANN401 - options of Goal
        given = cast("Properties", inputs or {})
        goal = Goal(type="fake:index:Thing", name=name, inputs=given, parent=STACK)
        return await self.deployment.register(replace(goal, **options))

    async def made(self, name: str, inputs: dict[str, Any] | None = None, **options: Any) -> Value:  # noqa: ANN401 - as above
        """Declare a thing; gives its output `made`."""
        return (await self.thing(name, inputs, **options)).state.outputs.get("made")

    async def component(self, name: str, **options: Any) -> str:  # noqa: ANN401 - as above
        goal = Goal(type="demo:index:Group", name=name, custom=False, parent=STACK)
        return (await self.deployment.register(replace(goal, **options))).state.urn


Body: TypeAlias = "Callable[[Program], Awaitable[None]]"
"""A program."""


class World:
    """One stack, its state and its cloud."""

    def __init__(self, moment: Moment | None = None) -> None:
        self.cloud = Cloud()
        self.state = moment.state if moment else "{}"
        self.cloud.objects = copy.deepcopy(moment.objects) if moment else {}
        self.moments: list[Moment] = []
        self.recorder = Recorder()
        self.writes = 0

    def snapshot(self) -> Snapshot:
        snapshot = Snapshot.from_deployment(json.loads(self.state), ENVIRON)
        if snapshot.crypter is None:
            snapshot.crypter = CRYPTER
        return snapshot

    def save(self, snapshot: Snapshot) -> None:
        self.state = snapshot.to_checkpoint("organization/demo/dev")
        self.writes += 1
        snapshot.verify()
        self.keep()

    def keep(self) -> None:
        self.moments.append(Moment(self.state, copy.deepcopy(self.cloud.objects)))

    async def up(  # noqa: PLR0913 - what a test may want different
        self,
        body: Body | None,
        *,
        dry_run: bool = False,
        config: dict[str, str] | None = None,
        continue_on_error: bool = False,
        hooks: Hooks | None = None,
        parallel: int = 8,
        targets: Targets | None = None,
        analyzers: Analyzers | None = None,
    ) -> Deployment:
        """Run a program (None: destroy) against the state."""
        recorder = self.recorder
        recorder.lines.clear()
        recorder.said.clear()
        self.writes = 0
        self.moments = []
        self.cloud.log.clear()
        self.cloud.changed = self.keep
        self.keep()
        journal = Journal(self.snapshot(), self.save)
        registry = _CloudRegistry(self.cloud)
        interrupted = await settle_interrupted(journal, registry, recorder)
        deployment = Deployment(
            Context("dev", "demo", dry_run, parallel, config or {}, [], continue_on_error),
            journal=journal,
            registry=registry,
            hooks=hooks or Hooks(recorder, dry_run=dry_run),
            analyzers=analyzers or Analyzers(recorder),
            reporter=recorder,
            interrupted=interrupted,
            targets=targets,
        )
        if body is None:
            await deployment.destroy()
        else:
            await deployment.register(Goal(type=urns.STACK_TYPE, name="demo-dev", custom=False))
            await body(Program(deployment))
            await deployment.finish()
        if not dry_run:
            journal.write()
        return deployment

    def names(self) -> list[str]:
        """The things in the state, in its order."""
        return [urns.name_of(state.urn) for state in self.snapshot().resources if state.type == "fake:index:Thing"]
