"""A service's own part of its pods: a part of Kubernetes' PodTemplateSpec, and what in it is teal's to set.

The API server and the policy pack judge the rest. `teal_infra.provider.strategic_merge` merges it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from teal.model.plain import mapping
from teal_infra.settings.base import Model, env_text, number_text, wrong
from teal_infra.settings.owned import Refusal, Where, identity, labelled
from teal_infra.settings.report.steps import Set, inside

PATCH = "$patch"
"""A directive: `replace` takes a map or a list as given, `delete` removes an element, or a map's content."""

RETAIN = "$retainKeys"
"""A directive: which keys of a map stay. Another kind of volume under the same name needs it, or nulls."""

_FIELDS: Mapping[Where, tuple[str, str]] = {
    ("spec", "serviceAccountName"): (
        "metadata.serviceAccount says which account it is (name, create) and annotates it",
        "the pods would run with rights that access does not name",
    ),
    ("spec", "serviceAccount"): (
        "metadata.serviceAccount says which account it is (name, create) and annotates it",
        "the pods would run with rights that access does not name",
    ),
    ("spec", "terminationGracePeriodSeconds"): (
        "shutdown.gracePeriodSeconds says it",
        "the kubelet would kill pods in the middle of their drain",
    ),
}
"""The fields of the pod that are teal's, each with the setting to use instead, and what the field would cause."""

_OF_THE_CONTAINER: Mapping[Where, tuple[str, str]] = {
    ("image",): ("the slot's image says it", "nobody could tell which image a slot is of"),
    ("lifecycle", "preStop"): (
        "shutdown.drainCommand and shutdown.waitSeconds say it",
        "pods would end before they are out of the endpoints",
    ),
}
"""The same for the service's own container."""

_KEPT = ("env", "envFrom")
"""Lists of the service's own container that may grow, but from which nothing may be removed."""

_GONE = "the pods would lose what teal puts there"

_TEXTS = frozenset(
    (
        "annotations",
        "args",
        "command",
        "labels",
        "matchLabels",
        "nodeSelector",
        "value",
        "values",
        "volumeAttributes",
    )
)
"""The fields of a pod at any depth that are texts, or lists or maps of texts. The API server takes no number there."""


class PodTemplate(Model):
    """A part of Kubernetes' PodTemplateSpec, which is merged onto teal's pods by Kubernetes' strategic merge.

    Maps are merged, null deletes a key, and lists are merged by their key in the API: containers, volumes and
    environment variables by name, for instance. The service's own container has the service's name. What a slot says
    of a service is merged last. Labels that select pods, the account, the drain, the image and the identity variables
    are teal's, and refused here. See docs/pods.md.
    """

    metadata: Mapping[str, JsonValue] = Field(
        default_factory=dict[str, JsonValue],
        description="Labels and annotations of the pods.",
        json_schema_extra=wrong("pods would lack the labels and annotations that others look for"),
        examples=['\'{"annotations": {"example.com/team": "shop"}}\''],
    )
    spec: Mapping[str, JsonValue] = Field(
        default_factory=dict[str, JsonValue],
        description="Whatever a PodSpec may have: volumes, sidecars, tolerations, a node selector.",
        json_schema_extra=wrong("the API server would refuse the pods"),
        examples=['\'{"nodeSelector": {"kubernetes.io/arch": "arm64"}}\''],
    )

    @model_validator(mode="before")
    @classmethod
    def _spelt_out(cls, data: object) -> object:
        return _spelt(data)


def refusals(template: object, service: str, port: object, *, cron: bool = False) -> Iterator[Refusal]:
    """Yield what a raw template sets although it is teal's.

    Args:
        template: as the config has it; what has another shape is the models' to refuse.
        service: whose pods they are: its own container has its name.
        port: that the service's own container listens on; None for a worker's, which has none.
        cron: whether a Job makes them, and not a Deployment.
    """
    given = mapping(template)
    yield from _unquoted(given)
    for at in _unknown(given):
        yield Refusal(at, f"this is none of the directives {PATCH} (delete, merge, replace) and {RETAIN}", _GONE)
    metadata = given.get("metadata")
    yield from (each.below("metadata") for each in labelled(metadata, ("labels", "annotations")))
    found = {at: said for path, said in _FIELDS.items() for at in _touched(given, path)}
    for at, (what, consequence) in found.items():
        yield Refusal(at, *((what, consequence) if at in _FIELDS else ("it takes away teal's pod", _GONE)))
    spec = mapping(given.get("spec"))
    good = ("Never", "OnFailure") if cron else ("Always",)
    if spec.get("restartPolicy", good[0]) not in good:
        of_job, of_deployment = "a Job ends with its pods", "a Deployment restarts its pods"
        what = f"{of_job if cron else of_deployment}, so it is {' or '.join(good)}"
        yield Refusal(("spec", "restartPolicy"), what, "the API server would refuse the pods")
    if "readinessGates" in spec and not isinstance(spec["readinessGates"], list):
        yield Refusal(("spec", "readinessGates"), "a load balancer's condition is among them", _GONE)
    yield from _containers(spec, service, port)


def _containers(spec: Mapping[str, Any], service: str, port: object) -> Iterator[Refusal]:
    at = ("spec", "containers")
    if not isinstance(spec.get("containers", []), list):
        yield Refusal(at, f"it is a list, in which the container {service} stands", _GONE)
        return
    for number, each in enumerate(_elements(spec.get("containers"))):
        if each.get("name") == service:
            yield from (found.below(*at, number) for found in _container(each, port))
        elif set(each) == {PATCH}:
            yield Refusal((*at, number), f"it takes away the container {service}", _GONE)


def _container(given: Mapping[str, Any], port: object) -> Iterator[Refusal]:
    found = {at: said for path, said in _OF_THE_CONTAINER.items() for at in _touched(given, path)}
    for at, (what, consequence) in found.items():
        own = at in _OF_THE_CONTAINER
        yield Refusal(at, *((what, consequence) if own else ("it takes away what teal's container has", _GONE)))
    for name in _KEPT:
        if name in given and not isinstance(given[name], list):
            yield Refusal((name,), "the slot's variables are among them", _GONE)
    for number, each in enumerate(_elements(given.get("env"))):
        if each.get("name") in identity(port):
            what = f"{each['name']} says who a pod is (docs/contract.md)"
            yield Refusal(("env", number), what, "the pods would say that they are somebody else")
        elif set(each) == {PATCH}:
            yield Refusal(("env", number), "the identity variables are among them", _GONE)
    for number, each in enumerate(_elements(given.get("ports")) if port is not None else ()):
        named, own = each.get("name"), each.get("containerPort") == port and each.get("protocol", "TCP") == "TCP"
        if PATCH in each or (own and named not in {None, "http"}) or (not own and named == "http"):
            what = f"the port http is the service's own, {port}"
            yield Refusal(("ports", number), what, "no probe and no Service could reach the pods")


def _touched(patch: Mapping[str, Any], path: Where) -> Iterator[Where]:
    """Yield where a patch sets a place, or removes what it is in; nothing where it does neither."""
    node: Any = patch
    for depth, step in enumerate(path):
        inner = mapping(node)
        directive = next((each for each in (PATCH, RETAIN) if inner.get(each, "merge") != "merge"), None)
        if directive:
            yield (*path[:depth], directive)
            return
        if step not in inner:
            return
        node = inner[str(step)]
        if not isinstance(cast("object", node), dict):
            yield path[: depth + 1]
            return
    yield path


def _unknown(patch: object, at: Where = ()) -> Iterator[Where]:
    """Yield where a patch has an unknown directive, or an unknown value of one, which would be sent as a field."""
    given: Mapping[str, object] = mapping(patch)
    for key, each in given.items():
        known = key == RETAIN or (key == PATCH and each in ("delete", "merge", "replace"))
        if key.startswith("$") and not known:
            yield (*at, key)
        yield from _unknown(each, (*at, key))
    if isinstance(patch, list):
        for number, each in enumerate(cast("list[object]", patch)):
            yield from _unknown(each, (*at, number))


def _spelt(given: object, *, text: bool = False) -> object:
    """Return a part of a template in which a text is one, as of a slot's variables: `true` and `8` are written so."""
    if isinstance(given, dict):
        known = cast("dict[str, object]", given)
        return {key: _spelt(each, text=text or key in _TEXTS) for key, each in known.items()}
    if isinstance(given, list):
        return [_spelt(each, text=text) for each in cast("list[object]", given)]
    return number_text(given) if text else given


def _unquoted(given: object, at: Where = (), *, text: bool = False) -> Iterator[Refusal]:
    """Yield the texts of which YAML has made another value."""
    for key, each in inside(given) or ():
        yield from _unquoted(each, (*at, key), text=text or key in _TEXTS)
    try:
        env_text(given if text else None)
    except PydanticCustomError as error:
        yield Refusal(at, error.message(), "pods would get another text", (Set(at, "text"),))


def _elements(value: object) -> Sequence[Mapping[str, Any]]:
    return [mapping(each) for each in cast("list[object]", value)] if isinstance(value, list) else []
