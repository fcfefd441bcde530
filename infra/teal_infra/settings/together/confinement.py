"""Refuses pods that the namespace which the stack makes would refuse: it has the Pod Security level `restricted`.

The API server takes their Deployment and then no pod of it, which an update would only learn at its timeout. What it
asks for is at https://kubernetes.io/docs/concepts/security/pod-security-standards/. teal's own container has it all.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from teal.model.plain import mapping
from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.pod_template import PodTemplate
from teal_infra.settings.report.steps import Remove, Set, Step, Where, at, path
from teal_infra.settings.together.templates import Templates, each_of, of_pods

_ELSEWHERE = "no pod would start: what needs more runs in a namespace that exists already (namespace.create: false)"

_Parts = Sequence[tuple[Where, Mapping[str, Any]]]
"""What the templates say of one container, each with its place."""

_CONTEXT = "securityContext"

_PROFILE = ("seccompProfile", "type")

_NEEDED: Mapping[tuple[str, ...], Any] = {
    ("allowPrivilegeEscalation",): False,
    ("capabilities", "drop"): ["ALL"],
    ("runAsNonRoot",): True,
    _PROFILE: "RuntimeDefault",
}
"""What a container has to say. The latter two its pod may say for it."""

_OF_THE_POD = ("runAsNonRoot", "seccompProfile")

_OF_LINUX = ("allowPrivilegeEscalation", "capabilities", "seccompProfile")
"""What the level does not ask of pods of Windows, and the API server refuses there."""

_FORBIDDEN: Mapping[tuple[str, ...], Callable[[Any], bool]] = {
    ("privileged",): bool,
    ("runAsUser",): lambda user: user == 0,
    ("capabilities", "add"): lambda added: not {*(added or ())} <= {"NET_BIND_SERVICE"},
}
"""What no container may say."""


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield the refusals of each service's pods, where the stack makes their namespace."""
    for service, _, templates in of_pods(settings) if settings.place.create else ():
        for where, template in templates:
            yield from _of_the_node(where, template)
        for kind in ("containers", "initContainers"):
            named: dict[str, list[tuple[Where, Mapping[str, Any]]]] = {}
            for where, each in each_of(templates, kind):
                named.setdefault(str(each.get("name", "")), []).append((where, each))
            named.pop("", None)  # the API server says that it has no name
            for name, parts in named.items():
                own = name == service or (kind == "initContainers" and not any("image" in each for _, each in parts))
                yield from _container(name, parts, templates, own=own)


def _of_the_node(where: Where, template: PodTemplate) -> Iterator[Refusal]:
    """Yield what a pod would share with its node, and what its own context says for all containers."""
    context: Where = (_CONTEXT,)
    profile = at(template.spec, (*context, *_PROFILE))
    wrong: Mapping[Where, bool] = {
        **{(key,): bool(template.spec.get(key)) for key in ("hostIPC", "hostNetwork", "hostPID")},
        (*context, "runAsUser"): at(template.spec, (*context, "runAsUser")) == 0,
        (*context, "runAsNonRoot"): at(template.spec, (*context, "runAsNonRoot")) is False,
        (*context, *_PROFILE): profile is not None and not _says(profile, _NEEDED[_PROFILE]),
    }
    for field in (each for each, is_so in wrong.items() if is_so):
        yield Refusal((*where, "spec", *field), f"the level `restricted` refuses {path(field)} of a pod", _ELSEWHERE)
    for at_volume, volume in each_of([(where, template)], "volumes"):
        if "hostPath" in volume:
            yield Refusal(at_volume, "the level `restricted` refuses hostPath of a volume", _ELSEWHERE)


def _container(name: str, parts: _Parts, templates: Templates, *, own: bool) -> Iterator[Refusal]:
    """Yield what a container lacks, or has too much. One of teal's own lacks nothing, unless a part takes it away."""
    if any("$patch" in each for _, each in parts):
        return
    of_pod = [((*where, "spec"), template.spec) for where, template in templates]
    shared, contexts = (
        [((*where, _CONTEXT), mapping(each.get(_CONTEXT))) for where, each in of] for of in (of_pod, parts)
    )
    last, steps = contexts[-1][0], list[Step]()
    own = own and not any(each.get(_CONTEXT, {}) is None for _, each in parts)
    windows = any(at(template.spec, ("os", "name")) == "windows" for _, template in templates)
    for field, needed in _NEEDED.items():
        if windows and field[0] in _OF_LINUX:
            continue
        sources = [*shared, *contexts] if field[0] in _OF_THE_POD and not own else contexts
        given = [each for _, context in sources if (each := at(context, field)) is not None]
        if not _says(given[-1] if given else needed if own else None, needed):
            steps.append(Set((*last, *field), needed))
    for where, context in contexts:
        for field, forbidden in _FORBIDDEN.items():
            if forbidden(at(context, field)):
                steps.append(Remove((*where, *field)))
    if steps:
        fields = dict.fromkeys(path(each.where[each.where.index(_CONTEXT) + 1 :]) for each in steps)
        what = f"the level `restricted` of the namespace refuses the container {name} for {', '.join(fields)}"
        yield Refusal(last, what, _ELSEWHERE, tuple(steps))


def _says(value: object, needed: object) -> bool:
    if isinstance(needed, list):
        return isinstance(value, list) and "ALL" in value
    return value == needed or (isinstance(needed, str) and value == "Localhost")
