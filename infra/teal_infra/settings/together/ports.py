"""Refuses ports of nodes and of Services that are taken twice, or lead nowhere."""

from collections.abc import Iterator

from teal_infra.settings import Settings
from teal_infra.settings.owned import Refusal
from teal_infra.settings.reach.doors import Door
from teal_infra.settings.report.steps import Where

_REFUSED = "the API server would refuse the Service"


def refusals(settings: Settings) -> Iterator[Refusal]:
    """Yield ports of nodes that two Services have, and ports of a Service that lead to two ports of the pods."""
    taken: dict[int, Where] = {}
    for where, door, port in _node_ports(settings):
        if door.type == "ClusterIP":
            what = f"the type of the door is ClusterIP, and {port} is a port of nodes"
            yield Refusal(where, what, "nothing would answer there")
        elif port in taken:
            other = ".".join(map(str, taken[port]))
            yield Refusal(where, f"{port} is the port of {other}", "the API server would refuse the second Service")
        taken.setdefault(port, where)
    for name, service in settings.services.items():
        door = service.front_door
        used = {(door.port, "TCP"): "port"}
        if door.extra_ports and not door.port_name:
            what = "the port has no name, and the door has further ones"
            yield Refusal(("services", name, "frontDoor", "portName"), what, _REFUSED)
        for extra, each in door.extra_ports.items():
            where: Where = ("services", name, "frontDoor", "extraPorts", extra)
            if extra == "http":
                yield Refusal(where, "http is the port of live traffic", _REFUSED)
            elif extra == door.port_name:
                yield Refusal(where, f"{extra} is the portName of the same door", _REFUSED)
            elif (each.port, each.protocol) in used:
                what = f"{each.port} is {used[each.port, each.protocol]} of the same door"
                yield Refusal(where, what, _REFUSED)
            used.setdefault((each.port, each.protocol), f"extraPorts.{extra}")


def _node_ports(settings: Settings) -> Iterator[tuple[Where, Door, int]]:
    for name, service in settings.services.items():
        front, preview = service.front_door, service.preview_door
        if front.node_port is not None:
            yield ("services", name, "frontDoor", "nodePort"), front, front.node_port
        for colour, port in preview.node_ports.items():
            yield ("services", name, "previewDoor", "nodePorts", str(colour)), preview, port
