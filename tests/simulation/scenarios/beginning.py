"""Makes a stack that rests on blue, as every seed begins."""

from collections.abc import Callable
from datetime import timedelta

from teal_infra.planning.live import Live
from teal_infra.planning.move import move_of
from teal_infra.settings import Settings
from teal_infra.traffic.gateway import spec

from teal.history.model import Flip, History, Stage
from teal.history.store import CONFIRMED, NAME
from teal.model.colours import Colour
from teal.model.labels import COMPONENT_LABEL
from teal.model.workers import WORKER as OF_WORKER
from teal.model.workers import record
from teal.notifications import told
from tests.simulation.checks.workers import NAME as WORKER
from tests.simulation.cluster import elb
from tests.simulation.cluster.clock import EPOCH
from tests.simulation.cluster.store import By, Store, Written
from tests.simulation.scenarios.scenario import Scenario


def begin(scenario: Scenario, settings: Settings, store: Store, told_to: Callable[[Written], None]) -> History:
    """Make blue live, confirmed and remembered, and return what is remembered; pods are the first update's to make.

    Args:
        scenario: the seed's.
        settings: the config of the first update.
        store: where the objects are made.
        told_to: is told of every write, from that of the first door on.
    """
    move = move_of(settings, Live())
    at = EPOCH.isoformat(timespec="seconds")
    first = Flip(
        number=1,
        origin=None,
        to=Colour.BLUE,
        version=move.version,
        by="somebody",
        begun=at,
        ended=at,
        stage=Stage.CONFIRMED,
        release=move.release,
        plan=move.bake,
    )
    by = By(actor="update-0", manager="pulumi-kubernetes-teal")
    history = History(flips=(first,))
    data = {"flips.json": history.model_dump_json(by_alias=True)}
    store.create("configmaps", {"metadata": {"name": NAME}, "data": data}, by)
    confirmed = {"colour": "blue", "version": move.version, "since": at}
    store.create("configmaps", {"metadata": {"name": CONFIRMED}, "data": confirmed}, by)
    since = (EPOCH + timedelta(seconds=1)).isoformat()  # people were not to be told of flips before that
    store.create("configmaps", {"metadata": {"name": told.NAME, "creationTimestamp": since}, "data": {}}, by)
    store.told = told_to
    for name in scenario.services:
        selector = {"app.kubernetes.io/name": name, "teal/colour": "blue"}
        labels = {"app.kubernetes.io/part-of": "teal", "app.kubernetes.io/name": name}
        metadata = {"name": name, "labels": labels}
        if scenario.balances:
            for colour in Colour:
                bound = elb.binding(name, colour, {**labels, "teal/colour": str(colour)})
                store.create("targetgroupbindings", bound, by)
            shares = {"weights": {"blue": 100, "green": 0}, "order": 1}
            metadata = {"name": name, "annotations": {"teal/service": name, "teal/role": "live"}}
            store.create(elb.RULES, {"metadata": metadata, "spec": shares}, by)
        elif scenario.gateway:
            store.create("httproutes", {"metadata": metadata, "spec": spec(settings, name)}, by)
        else:
            store.create("services", {"metadata": metadata, "spec": {"selector": selector}}, by)
    if scenario.worker:
        labels = {"app.kubernetes.io/part-of": "teal", "app.kubernetes.io/name": WORKER, COMPONENT_LABEL: OF_WORKER}
        meta = {"name": record(WORKER), "labels": labels}
        store.create("configmaps", {"metadata": meta, "data": {"colour": "blue"}}, by)
    return history
