"""Does to the cluster what others do to it."""

from datetime import timedelta

from teal_infra.traffic.gateway import spec

from teal.model.colours import Colour
from tests.simulation.checks.workers import NAME as WORKER
from tests.simulation.cluster import admission, elb
from tests.simulation.cluster.clock import EPOCH
from tests.simulation.cluster.store import By, Store
from tests.simulation.cluster.world import World
from tests.simulation.scenarios.scenario import Happening, Scenario


def happen(each: Happening, scenario: Scenario, store: Store, world: World) -> None:
    """Write a door by another hand, forge records, or make pods unready."""
    if each.what == "patch":
        if scenario.balances:
            shares = {str(colour): 100 * (colour == each.colour) for colour in Colour}
            store.patch(elb.RULES, each.service, {"spec": {"weights": shares}}, By(actor=each.by))
        elif scenario.gateway:
            changed = spec(scenario.config({"activeColour": each.colour}), each.service)
            store.patch("httproutes", each.service, {"spec": {"rules": changed["rules"]}}, By(actor=each.by))
        else:
            changed = {"spec": {"selector": {"teal/colour": each.colour}}}
            store.patch("services", each.service, changed, By(actor=each.by))
        return
    if each.what == "forge":
        admission.forge(store, (EPOCH + timedelta(seconds=world.loop.time())).isoformat())
        return
    for name in (*scenario.services, WORKER) if not each.service else (each.service,):
        pods = [*world.of(f"{name}-{each.colour}")]
        for pod in pods[: len(pods) if not each.service else (len(pods) + 1) // 2]:
            pod.flaps_until = world.loop.time() + each.seconds
            world.flapped = True
