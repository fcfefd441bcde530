"""Defines `teal migrations`: what is typed and printed, and the exit status."""

import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from cyclopts import App, Parameter
from cyclopts.validators import Number

from teal.adapters import pulumi_project
from teal.adapters.kubernetes import jobs
from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.cli.answer import Answer, Asking
from teal.cli.say import Exit, exit_of
from teal.cli.where import Stack
from teal.history.store import Records
from teal.model.colours import Colour
from teal.model.errors import RefusedError, TealError
from teal.schema.migrations import Phase
from teal_infra.manager import declared, files
from teal_infra.migrating import state
from teal_infra.planning import live, schema
from teal_infra.settings.migrations import SchemaSettings

app = App(
    name="migrations",
    help="Schema migrations of a stack: what is pending, whether the schema is as it should be, and steps on or "
    "back, which `pulumi up` then takes.",
)

_T = TypeVar("_T")
_Steps = Annotated[int | None, Parameter(validator=Number(gte=1))]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Of(Answer):
    """The options that say whose migrations are meant, and in which cluster."""

    stack: Stack = None
    service: Annotated[str | None, Parameter(help="The service; default: the only one that has migrations.")] = None
    colour: Annotated[
        Colour | None,
        Parameter(
            help="Whose release is meant; default: the active colour for `verify`, the idle one for `up` and `down`."
        ),
    ] = None
    kubeconfig: Annotated[
        str | None, Parameter(help="The kubeconfig; default: the stack's, KUBECONFIG, or ~/.kube/config.")
    ] = None
    context: Annotated[str | None, Parameter(help="The context in it; default: the stack's, or its current one.")] = (
        None
    )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class To(Of, Asking):
    """The same, and whether to ask before the stack file is written."""


ANY = Of()
STEP = To()


@app.command
def status(*, of: Of = ANY) -> None:
    """Say what each colour declares, which Jobs ran and how, and what the next update will run.

    Exit statuses: 0 nothing is to do, 3 something is or waits, 4 the update would be refused, 7 the cluster does not
    answer.
    """
    stack = _Stack(of)

    async def ask(cluster: Cluster) -> Mapping[str, state.ServiceSeen]:
        ran = await jobs.migrations(cluster)
        names = [of.service] if of.service else stack.migrated
        return {
            name: state.seen(stack.settings, name, await live.contracted(cluster, name), ran) for name in names if name
        }

    seen = stack.run(ask)
    data = {name: each.model_dump(mode="json", by_alias=True) for name, each in seen.items()}
    of.give(data, "\n".join(line for name, each in seen.items() for line in each.lines(name)))
    if any(each.refused for each in seen.values()):
        sys.exit(Exit.UNSAFE)
    sys.exit(Exit.OK if all(each.rests for each in seen.values()) else Exit.UNCONFIRMED)


@app.command
def verify(*, of: Of = ANY) -> None:
    """Run `verify` of a release against its database, as its last migration did, and change nothing.

    It is a Job of its own, with the image, environment and account of the migration's, which Kubernetes deletes 10
    minutes after its end. Exit statuses: 0 the schema is what its migrations say, 5 it is not, or no Job of a migration
    is there to copy, 7 the cluster does not answer.
    """
    stack = _Stack(of)
    service, colour = stack.service, of.colour or stack.settings.active_colour

    async def ask(cluster: Cluster) -> tuple[jobs.MigrationJob, str]:
        ran = [each for each in await jobs.migrations(cluster) if (each.service, each.colour) == (service, colour)]
        if not ran:
            raise RefusedError(
                f"no migration of {service} in {colour} has a Job in {cluster.namespace}, so nothing says how its "
                f"image is run: nothing was verified. Next: pulumi up --stack {stack.name}"
            )
        return ran[0], await jobs.verify(cluster, ran[0])

    like, said = stack.run(ask)
    data = {"service": service, "colour": colour, "version": like.version, "verified": True, "said": said}
    of.give(data, f"the schema of {service} is what {colour} {like.version} says{f': {said}' if said else ''}")


@app.command
def up(steps: _Steps = None, /, *, of: To = STEP) -> None:
    """Let a release ask for the revision STEPS further on; by default, for the last one listed.

    It changes `schema.expand` in the stack file (and takes `schema.down` out), and no database: `pulumi up` does.
    Refused while a flip is under way, past a contraction that has not run, and where the update would be. Exit
    statuses: 0 written, 1 there is no such step, 4 the update would be refused, 5 refused for another reason, 8 nobody
    said yes.
    """
    _step(of, steps, Phase.EXPAND)


@app.command
def down(steps: _Steps = None, /, *, of: To = STEP) -> None:
    """Let the schema be taken back STEPS before what a release asked for; by default, by one.

    It sets `schema.down` in the stack file, and changes no database: `pulumi up` does. Refused while a flip is under
    way, and where the update would be: the release has to be retired, and nobody else may need what goes. Exit
    statuses: 0 written, 1 there is no such step, 4 the update would be refused, 5 a flip is under way, 8 nobody said
    yes.
    """
    _step(of, steps, Phase.DOWN)


def _step(of: To, steps: int | None, phase: Phase) -> None:
    stack = _Stack(of)
    service, colour = stack.service, of.colour or stack.settings.active_colour.other
    said = stack.said(service, colour)
    revision = stack.next(service, colour, said, steps, phase)
    at = [f"teal:{colour}", service, "schema"]
    changed: dict[str, str | None] = {"down": revision} if phase is Phase.DOWN else {"expand": revision, "down": None}
    changed = {key: each for key, each in changed.items() if getattr(said, key) != each}
    file = stack.declared
    try:
        for key, value in changed.items():
            file = file.drop([*at, key]) if value is None else file.put([*at, key], value)
        after = files.valid(stack.project, file.text)
    except TealError as error:
        of.fail(f"{file.file} was left as it is: {error}", exit_of(error))

    async def ask(cluster: Cluster) -> None:
        history = (await Records(cluster.http, cluster.namespace).load()).history
        if history.open is not None:
            raise RefusedError(
                f"flip {history.open.number} to {history.open.to} is under way, and its way back may need the schema "
                f"as it is: {file.file} was left as it is. Next: teal status"
            )
        recorded = await live.contracted(cluster, service)
        try:
            schema.plan(after, service, live.Live(contracted={service: recorded}))
        except RefusedError as error:
            of.fail(f"UNSAFE: {error}", Exit.UNSAFE)
        if phase is Phase.EXPAND:
            stack.require_no_contraction(service, revision, recorded.done)

    stack.run(ask)
    words = ", ".join(f"{key} is {value}" if value else f"{key} is gone" for key, value in changed.items())
    said_of = f"{file.file}: {'.'.join(at)}: {words or 'as it was'}"
    if changed:
        verb = "up" if phase is Phase.EXPAND else "down"
        typed = f"teal migrations {verb} {steps or ''}".rstrip()
        typed += f" --service {service} --colour {colour} --stack {stack.name}"
        of.require(f"{said_of}: write that", f"{file.file} is as it was", typed)
    try:
        files.write(file.file, file.text)
    except TealError as error:
        of.fail(error)
    of.give(
        {"service": service, "colour": colour, "revision": revision, "changed": changed},
        f"{said_of}. No database was changed. Next: pulumi up --stack {stack.name}",
    )


class _Stack:
    """A stack's file, and the cluster that it names."""

    def __init__(self, of: Of) -> None:
        self._of = of
        try:
            self.project = pulumi_project.require(of.stack)
            self.declared = declared.read(self.project.file)
            self.settings = files.valid(self.project, self.declared.text)
        except TealError as error:
            self._of.fail(error)
        self.name = self.project.stack
        self.migrated = [name for name, each in self.settings.services.items() if each.migrations is not None]
        if (of.service and of.service not in self.migrated) or not self.migrated:
            name = of.service or next(iter(self.settings.services))
            self._of.fail(
                f"service {name} of {self.project.file} has no migrations, so there is nothing to say of them. Next: "
                f"pulumi config set --path 'teal:services.{name}.migrations.backoffLimit' 3 --stack {self.name}"
            )

    @property
    def service(self) -> str:
        """The service that is meant."""
        if self._of.service is None and len(self.migrated) > 1:
            self._of.fail(
                f"{', '.join(self.migrated)} have migrations, and one is meant: nothing was done. Next: name it with "
                "--service"
            )
        return self._of.service or self.migrated[0]

    def said(self, service: str, colour: Colour) -> SchemaSettings:
        """Return what a release says of the schema."""
        slot, file = self.settings.slot(colour), self.project.file
        said = slot.services[service].database if slot else None
        if said is None:
            self._of.fail(
                f"{colour} of {service} says nothing of the schema in {file}: there is no step from nowhere. "
                f"Next: pulumi config set --path --type string 'teal:{colour}.{service}.schema.expand' REVISION "
                f"--stack {self.name}"
            )
        return said

    def next(self, service: str, colour: Colour, said: SchemaSettings, steps: int | None, phase: Phase) -> str:
        """Return the revision to go to; a schema that is being taken back goes on from where it stands."""
        migrations = self.settings.services[service].migrations
        listed = migrations.revisions if migrations else ()
        if phase is Phase.EXPAND and said.down is not None and steps is None:
            return said.expand
        try:
            return state.one_step(listed, said.down or said.expand, steps, phase)
        except ValueError as error:
            set_it = f"pulumi config set --stack {self.name} --path --type string 'teal:"
            self._of.fail(
                f"{service} cannot go {'back' if phase is Phase.DOWN else 'on'} from {said.down or said.expand}: "
                f"{error}; {self.project.file} is as it was. Next: "
                f"{set_it}services.{service}.migrations.revisions[{len(listed)}]' REVISION, or name it yourself: "
                f"{set_it}{colour}.{service}.schema.{phase}' REVISION"
            )

    def require_no_contraction(self, service: str, revision: str, done: str) -> None:
        """Refuse to expand past a contraction that has not run: the tool would refuse it, or drop what others need.

        Raises:
            RefusedError: there is one; the message names it.
        """
        migrations = self.settings.services[service].migrations
        listed = migrations.revisions if migrations else ()
        ran = listed.index(done) if done in listed else -1
        for release in schema.releases(self.settings, service):
            contract = release.contract
            if contract in listed and ran < listed.index(contract) <= listed.index(revision):
                raise RefusedError(
                    f"{contract} contracts for {release} of {service}, and has not run: an expansion to {revision} "
                    f"would go past it. {self.project.file} was left as it is. Next: teal migrations status --stack "
                    f"{self.name}"
                )

    def run(self, asked: Callable[[Cluster], Coroutine[Any, Any, _T]]) -> _T:
        """Ask the cluster, and return the answer."""

        async def connected() -> _T:
            async with Cluster.connect(self._access) as cluster:
                return await asked(cluster)

        return self._of.run(connected())

    @property
    def _access(self) -> ClusterAccess:
        known = self.project.access
        return ClusterAccess(
            namespace=self.settings.namespace,
            kubeconfig=self._of.kubeconfig or known.kubeconfig,
            context=self._of.context or (None if self._of.kubeconfig else known.context),
        )
