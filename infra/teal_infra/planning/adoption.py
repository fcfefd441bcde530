"""Reads what a stack is to take over and did not make, and tells what forbids that."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from teal.adapters.kubernetes.cluster import Cluster, live_service
from teal.adapters.kubernetes.objects import Bare, Service
from teal.adapters.kubernetes.workloads import Deployment
from teal.model.adopted import Adopted
from teal.model.colours import Colour
from teal.model.labels import ADOPTED, KEPT, PART_OF, PART_OF_LABEL
from teal.model.live import LiveService, LiveSlot
from teal.plans.model import Word
from teal_infra.settings import Settings
from teal_infra.settings.reach.existing import Adopt


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What exists of one service that the stack did not make."""

    service: Service | None
    """The Service with the service's name."""
    deployment: Deployment | None
    account: Bare | None
    """The account that the stack's pods would run as."""

    @property
    def taken(self) -> bool:
        """Whether the Service belongs to the stack already."""
        return self.service is not None and ADOPTED in self.service.metadata.annotations


@dataclass(frozen=True, kw_only=True, slots=True)
class Existing:
    """Everything that exists and that the stack did not make."""

    services: Mapping[str, Found]
    namespace: Bare | None = None
    """The stack's namespace; None where there is none yet."""

    @property
    def ours(self) -> bool:
        """Whether the namespace is one that a stack made."""
        return self.namespace is not None and self.namespace.metadata.labels.get(PART_OF_LABEL) == PART_OF

    def left(self, settings: Settings) -> bool:
        """Return whether the stack made its namespace and no longer declares it, and has not marked it as kept yet."""
        marks = self.namespace.metadata.annotations if self.namespace and self.ours else {KEPT: ""}
        return not settings.place.create and KEPT not in marks


NOTHING = Existing(services={})


async def read(cluster: Cluster, settings: Settings) -> Existing:
    """Read the stack's namespace, and what the stack takes over although it did not make it.

    Raises:
        UnreachableError: the cluster could not be asked.
    """
    base = f"/api/v1/namespaces/{cluster.namespace}"

    async def one(name: str, adopt: Adopt) -> Found:
        account = settings.services[name].metadata.service_account.name or name
        service, deployment, its = await asyncio.gather(
            cluster.read(f"{base}/services/{name}", Service),
            cluster.read(f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments/{adopt.deployment}", Deployment),
            cluster.read(f"{base}/serviceaccounts/{account}", Bare),
        )
        return Found(service=service, deployment=deployment, account=its)

    adopted = (one(name, adopt) for name, (_, adopt) in settings.adopted.items())
    place, found = await asyncio.gather(cluster.read(base, Bare), asyncio.gather(*adopted))
    return Existing(services=dict(zip(settings.adopted, found, strict=True)), namespace=place)


def live(settings: Settings, existing: Existing) -> Mapping[str, LiveService]:
    """Return live traffic to pods that the stack did not make, through a Service that it has not taken over yet."""
    found = {
        name: (live_service(its.service), Adopted(colour, adopt.selector))
        for name, (colour, adopt) in settings.adopted.items()
        if (its := existing.services[name]).service is not None and not its.taken
    }
    return {
        name: replace(each, colour=adopted.colour)
        for name, (each, adopted) in found.items()
        if dict(each.selector) == dict(adopted.selector)
    }


def slots(settings: Settings, existing: Existing) -> Mapping[tuple[str, Colour], LiveSlot]:
    """Return the Deployments that take the place of a colour."""
    return {
        (name, colour): LiveSlot(
            annotations={},
            replicas=its.spec.replicas,
            ready=its.status.ready_replicas,
            outdated=its.outdated,
            version=slot.version,
            adopted=True,
        )
        for name, (colour, _) in settings.adopted.items()
        if (its := existing.services[name].deployment) is not None and (slot := settings.slot(colour)) is not None
    }


def beginning(
    settings: Settings, existing: Existing, name: str, live: LiveService | None
) -> Iterator[tuple[Word, str]]:
    """Yield what an update takes over, or gives back, of pods that the stack does not make."""
    colour, adopt = settings.adopted.get(name, (None, None))
    said = Adopted.of(live.annotations) if live else None
    if live is not None and adopt is not None and said is None and name in existing.services:
        what = f"Service {name} is taken over as it is, and goes on leading to {live.colour}"
        yield Word.PREPARE, f"{what}; the pods of Deployment {adopt.deployment}, which is there, are {colour}"
    elif live is not None and adopt is None and said is not None and live.colour is not said.colour:
        labels = ",".join(f"{key}={value}" for key, value in sorted(said.selector.items()))
        what = f"the pods labelled {labels}, which the stack does not make, stay, and are no way back any more. Next: "
        yield Word.RETIRE, f"{what}kubectl -n {settings.namespace} delete deployment, the one of which they are"


def dangers(settings: Settings, existing: Existing, serving: Mapping[str, LiveService]) -> Iterator[tuple[str, str]]:
    """Yield the reasons to refuse an update, each with the service that is to blame; "" where none is."""
    if existing is not NOTHING:
        yield from (("", each) for each in _place(settings, existing))
    for name, (colour, adopt) in settings.adopted.items():
        if name in existing.services:
            takeover = _Takeover(settings, name, colour, adopt, existing.services[name])
            yield from ((name, each) for each in (*takeover.refused(), *takeover.at_once(serving.get(name))))
    yield from ((name, each) for name, found in serving.items() for each in _replaced(settings, name, found))


def _place(settings: Settings, existing: Existing) -> Iterator[str]:
    """Yield why the stack can have no namespace: there is none, or what there is would be taken over."""
    name, create, ours = settings.namespace, settings.place.create, f"{PART_OF_LABEL}={PART_OF}"
    if existing.namespace is None and not create:
        what = f"there is no namespace {name}, and teal:namespace.create is false: there is no place for the stack"
        yield f"{what}. Next: kubectl create namespace {name}, or pulumi config set teal:namespace {name}"
    elif existing.namespace is not None and not existing.ours and create:
        what = f"namespace {name} is there already, without the label {ours}, so no stack made it: its other pods"
        what = f"{what} would be cut off by network policies, and `pulumi destroy` would delete them"
        theirs = _rewrite("teal:namespace", {"name": name, "create": "false"})
        yield f"{what}. Next: {theirs}; or, if this stack did make it, kubectl label namespace {name} {ours}"


@dataclass(frozen=True, slots=True)
class _Takeover:
    """Pods that are to take the place of a colour, and what leads to them."""

    settings: Settings
    name: str
    colour: Colour
    adopt: Adopt
    its: Found

    @property
    def _kubectl(self) -> str:
        return f"kubectl -n {self.settings.namespace}"

    @property
    def _where(self) -> str:
        return f"teal:{self.colour}.{self.name}.adopt"

    @property
    def _of(self) -> str:
        return f"teal:services.{self.name}"

    def refused(self) -> Iterator[str]:
        """Yield all reasons why they cannot be taken over."""
        yield from self._pods()
        account, made = self.its.account, self.settings.services[self.name].metadata.service_account.create
        if made and account is not None and account.metadata.labels.get(PART_OF_LABEL) != PART_OF:
            name = account.metadata.name
            yield (
                f"ServiceAccount {name} is there already, and not the stack's: what runs as it could lose its token. "
                f"Next: {_set(f'{self._of}.metadata.serviceAccount.name', f'{name}-teal')}"
            )
        service = self.its.service
        if service is None:
            yield (
                f"{self._where} takes over what Service {self.name} leads to, and there is no such Service: it "
                f"has no traffic. Next: {self._kubectl} get services, and name the service as that; or "
                f"{self._kubectl} expose deployment {self.adopt.deployment} --name {self.name} --port 80 "
                f"--target-port {self.settings.services[self.name].port}"
            )
        elif self.its.taken:
            yield from self._ports(service)
        elif service.metadata.labels.get(PART_OF_LABEL) != PART_OF:
            yield from self._service(service)

    def at_once(self, serving: LiveService | None) -> Iterator[str]:
        """Yield a flip in the same update: until the Service says which pods they are, there is no way back to them."""
        to = self.settings.active_colour
        if not self.its.taken and serving is not None and serving.colour not in {None, to}:
            yield (
                f"{self._where} is new, and live traffic of {self.name} is to go from {serving.colour} to {to} as "
                f"well: nobody could put it back. Next: pulumi config set teal:activeColour {serving.colour}, pulumi "
                f"up; then flip to {to}"
            )

    def _pods(self) -> Iterator[str]:
        deployment, adopt = self.its.deployment, self.adopt
        if deployment is None:
            yield (
                f"{self._where}.deployment is {adopt.deployment}, and there is no such Deployment: nobody could tell "
                f"how many pods {self.colour} has. Next: {self._kubectl} get deployments, then "
                f"{_set(f'{self._where}.deployment', 'NAME')}"
            )
        elif not (labels := deployment.spec.template.metadata.labels).items() >= adopt.selector.items():
            yield (
                f"{self._where}.selector is {dict(adopt.selector)}, and pods of Deployment {adopt.deployment} are "
                f"labelled {dict(labels)}: it finds none of them. Next: have it name labels of these alone"
            )

    def _service(self, found: Service) -> Iterator[str]:
        """Yield what would change for the clients of a Service that others made."""
        spec, selector, called = found.spec, dict(self.adopt.selector), f"Service {self.name}"
        door = self.settings.services[self.name].front_door
        if dict(spec.selector) != selector:
            yield (
                f"{called} leads to {dict(spec.selector)}, and {self._where}.selector is {selector}: its traffic would "
                f"go elsewhere, unproven. Next: {_rewrite(f'{self._where}.selector', spec.selector)}"
            )
        if spec.cluster_ip == "None":
            yield (
                f"{called} is headless: its clients find pods by DNS, and no selector moves them at once. Next: give "
                "them a Service that has an address, and name that one in teal:services"
            )
        if spec.type != door.type:
            yield (
                f"{called} is of type {spec.type}, and {self._of}.frontDoor.type is {door.type}: a way in would end. "
                f"Next: {_set(f'{self._of}.frontDoor.type', spec.type)}"
            )
        if spec.session_affinity != door.session_affinity:
            affinity = f"{self._of}.frontDoor.sessionAffinity"
            yield (
                f"{called} has sessionAffinity {spec.session_affinity}, and {affinity} is {door.session_affinity}: "
                f"clients would change pods. Next: {_set(affinity, spec.session_affinity)}"
            )
        yield from self._ports(found)

    def _ports(self, found: Service) -> Iterator[str]:
        """Yield what would change of its ports; each leads to one number, for the pods of both colours."""
        service, its, of = self.settings.services[self.name], self.its.deployment, self._of
        door, further = service.front_door, f"{of}.frontDoor.extraPorts"
        declared = {door.port: (door.port_name, service.port, f"{of}.port")}
        for key, each in door.extra_ports.items():
            declared[each.port] = (key, service.numbered(each.target_port), f"{further}.{key}.targetPort")
        for port in found.spec.ports:
            target, called = its.port(port.target) if its else port.target, f"port {port.port} of Service {self.name}"
            name, number, setting = declared.get(port.port, (None, target, ""))
            also = _rewrite(f"{further}.{port.name}", {"port": port.port, "targetPort": target})
            if name is None:
                first = _set(f"{of}.frontDoor.port", port.port)
                what = "is not declared: its clients would not follow a flip"
                yield f"{called} {what}. Next: {first}; or, as a further one, {also}"
            elif name != port.name:
                what = f"is named '{port.name}', and the stack names it '{name}': while kube-proxy learns of that"
                named = _set(f"{of}.frontDoor.portName", port.name or "''")
                mend = named if port.port == door.port else f"pulumi config rm --path {further}.{name}; {also}"
                yield f"{called} {what}, connections are refused. Next: {mend}"
            if target != number:
                what = f"leads to port {target} of the pods, and the stack's listen on {number}"
                yield f"{called} {what}: one number has to do for both. Next: {_set(setting, target)}"


def _replaced(settings: Settings, name: str, found: LiveService) -> Iterator[str]:
    """Yield live pods that the config replaces under the same colour, for which no gate would be asked."""
    if name not in settings.services or found.colour is None or settings.slot(found.colour) is None:
        return
    colour, adopt = found.colour, settings.adopts(name, found.colour)
    selector, said = dict(found.selector), Adopted.of(found.annotations)
    theirs = said is not None and said.colour is colour and dict(said.selector) == selector
    if adopt is not None and selector and dict(adopt.selector) != selector:
        other = f"teal:{colour}.{name}.adopt.selector is {dict(adopt.selector)}"
    elif adopt is None and theirs:
        other = f"teal:{colour}.{name} is a release that the stack is to make"
    else:
        return
    yield (
        f"live traffic of {name} goes to the pods labelled {selector}, and {other}: they would be replaced under it, "
        f"unproven. Next: put teal:{colour}.{name} back as it was, and flip to {colour.other} first"
    )


def _set(path: str, value: object) -> str:
    return f"pulumi config set --path {path} {value}"


def _rewrite(path: str, values: Mapping[str, object]) -> str:
    """Return the commands that replace an object key by key, since Pulumi's only takes texts and numbers at a path."""
    anew = [_set(f"'{path}[\"{key}\"]'", each) for key, each in values.items()]
    return "; ".join([f"pulumi config rm --path {path}", *anew])
