"""Feature flags reach pods as a file that changes under them."""

import json
from typing import Any

from teal_infra.components import fingerprint
from teal_infra.planning import slots
from teal_infra.planning.live import Live

from teal.model.colours import Colour
from teal.model.labels import DIGEST
from tests.unit.infra.declaring import config, declared
from tests.unit.infra.test_workers import graph, waits
from tests.unit.infra.worlds import BASE, edited, settings, settled

FLAGS = {"flags": {"checkout": {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off"}}}
ON = edited({"flags": FLAGS}, {"flags.flags.checkout.defaultVariant": "on"})["flags"]


async def test_pods_of_both_colours_have_the_file_as_a_folder() -> None:
    """Of a file that is mounted alone, by `subPath`, a pod would never see another content."""
    found = await declared(config(router="service", flags=FLAGS))
    for colour in Colour:
        spec: Any = found["Deployment", f"backend-{colour}"]["spec"]["template"]["spec"]
        assert spec["volumes"][1:] == [{"name": "teal-flags", "configMap": {"name": "teal-flags"}}]
        (container,) = spec["containers"]
        mount = {"name": "teal-flags", "mountPath": "/etc/teal", "readOnly": True}
        assert container["volumeMounts"][1:] == [mount]


async def test_pods_change_after_their_flags() -> None:
    """The first of them would find no file, and would not start."""
    resources = await graph(config(router="service", flags=FLAGS), Live())
    for colour in Colour:
        assert waits(resources, ("Deployment", f"backend-{colour}"), ("ConfigMap", "teal-flags"))


async def test_other_flags_are_the_same_pods_and_the_same_object() -> None:
    """Nothing but what the one ConfigMap holds is another, and it can be changed."""
    before = await declared(config(router="service", flags=FLAGS))
    after = await declared(config(router="service", flags=ON))
    assert [key for key in before.inputs if before[key] != after[key]] == [("ConfigMap", "teal-flags")]
    held = after["ConfigMap", "teal-flags"]
    assert json.loads(held["data"]["flags.json"]) == ON
    assert "immutable" not in held


async def test_a_stack_without_flags_is_as_it_ever_was() -> None:
    """No object, and no volume."""
    found = await declared(config(router="service"))
    assert ("ConfigMap", "teal-flags") not in found.inputs
    assert "teal-flags" not in json.dumps(found["Deployment", "backend-blue"])


def test_that_pods_read_flags_is_a_part_of_them_and_which_ones_is_not() -> None:
    """By what a Deployment says of itself, and by what a release is known by."""
    without, flagged, on = (settings({**BASE, **more}) for more in ({}, {"flags": FLAGS}, {"flags": ON}))
    made = [slots.fingerprint_of(each, "backend", Colour.BLUE) for each in (without, flagged, on)]
    none, some, others = (fingerprint.annotations_of(each, {}, "") for each in made if each)
    assert none[DIGEST] != some[DIGEST]
    assert some == others
    assert slots.release(flagged, Colour.BLUE) == slots.release(on, Colour.BLUE) != slots.release(without, Colour.BLUE)


def test_the_first_flags_and_the_last_are_named_where_pods_change_for_them() -> None:
    """And neither by `teal`, which means another version of it."""
    for before, after in (({}, {"flags": FLAGS}), ({"flags": FLAGS}, {})):
        live = settled({**BASE, **before})
        planned = slots.compared(settings({**BASE, **after}), live)
        assert planned["backend", Colour.BLUE].changes == ("flags",)
