"""A service's objects are marked for those who know them by it, and stay teal's."""

import json

import pytest

from teal.model.errors import ConfigError
from tests.unit.infra.declaring import config, declared
from tests.unit.infra.worlds import BASE, edited, settings

OBJECTS = {
    "serviceAccount": ("ServiceAccount", "backend-account"),
    "frontDoor": ("Service", "backend-active"),
    "ingress": ("Ingress", "backend-ingress"),
    "deployment": ("Deployment", "backend-blue"),
}


async def test_an_irsa_role_a_balancer_and_a_certificate_are_asked_for_by_annotations() -> None:
    """Beside teal's own labels, which stay."""
    marks = {name: {"labels": {"team": name}, "annotations": {"example.com/own": name}} for name in OBJECTS}
    service = {"metadata": marks, "ingress": {"host": "shop.example"}}
    found = await declared({**config(router="service"), "services": json.dumps({"backend": service})})
    for name, key in OBJECTS.items():
        metadata = found[key]["metadata"]
        assert metadata["annotations"]["example.com/own"] == name
        assert metadata["labels"].items() >= {"team": name, "app.kubernetes.io/name": "backend"}.items()
    assert "teal/deployed-at" in found[OBJECTS["deployment"]]["metadata"]["annotations"]


@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_teals_is_refused(name: str) -> None:
    """Labels and annotations, at once, each with what takes it out."""
    marks = {"labels": {"app.kubernetes.io/name": "x"}, "annotations": {"teal/moved-from": "x"}}
    ingress = {"services.backend.ingress": {"host": "shop.example"}}
    with pytest.raises(ConfigError) as error:
        settings(edited(BASE, {**ingress, f"services.backend.metadata.{name}": marks}))
    at = f"teal:services.backend.metadata.{name}"
    for path in (f'{at}.labels["app.kubernetes.io/name"]', f'{at}.annotations["teal/moved-from"]'):
        assert f"Next: pulumi config rm --path '{path}'" in str(error.value)
