"""Each error's 'Next' clears it, as a shell and `pulumi config` run it, and all of them together make a file valid."""

import json
import re
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from teal_infra.settings import load, stack_file
from teal_infra.settings.report.problems import Problem
from teal_infra.settings.report.steps import path

from tests.unit.infra.settings.errors import catalogue
from tests.unit.infra.settings.errors.catalogue import Config, Where
from tests.unit.infra.settings.errors.pulumi_config import run


def command(problem: Problem) -> str:
    """What the message tells to run."""
    return str(problem).rpartition(". Next: ")[2]


def stack(config: Config) -> Config:
    """A stack file of this config."""
    return {"config": {f"teal:{key}": value for key, value in json.loads(json.dumps(config)).items()}}


def read(file: Config) -> tuple[Config, set[str]]:
    """The config of a stack file as `teal validate` reads it, and its keys with secrets."""
    found = stack_file.of(file, Path("Pulumi.dev.yaml"))
    return dict(load.read(found.raw, stack=found.stack)), found.secret


def problems(config: Config) -> Sequence[Problem]:
    """All that is said of a config."""
    return load.problems(*read(stack(config)))


def obeyed(config: Config) -> Sequence[Problem]:
    """What is said of a config; each command has cleared its own error, and all of them every error."""
    file = stack(config)
    data, secret = read(file)
    found = load.problems(data, secret)
    for problem in load.wrong(data, secret):  # the others are of what these leave
        alone = deepcopy(file)
        run(command(problem), alone)
        left = {(each.where, each.what) for each in load.wrong(*read(alone))}
        assert (problem.where, problem.what) not in left, str(problem)
    for problem in found:
        run(command(problem), file)
    rest: Sequence[Problem] = load.problems(*read(file)) if found else ()
    assert not rest, "\n".join((yaml.safe_dump(file), *map(str, found), "left:", *map(str, rest)))
    return found


def objects() -> dict[Where, list[Where]]:
    """All settings by the object that they are of."""
    found: dict[Where, list[Where]] = {}
    for where in catalogue.places():
        found.setdefault(where[:-1], []).append(where)
    return found


OBJECTS = objects()


def test_every_setting_is_looked_at() -> None:
    """A walk that found few would show little."""
    assert len(OBJECTS) > 50
    assert sum(map(len, OBJECTS.values())) > 300


@pytest.mark.parametrize("where", OBJECTS, ids=lambda where: ".".join(map(str, where)) or "teal")
def test_a_wrong_value_is_mended_by_its_command(where: Where) -> None:
    """Of every setting, whatever it is given."""
    refused = 0
    for setting in OBJECTS[where]:
        for value in catalogue.WRONG:
            refused += bool(obeyed(catalogue.with_value(setting, value)))
    assert refused > len(OBJECTS[where])


@pytest.mark.parametrize("config", catalogue.CLASHES, ids=[str(number) for number in range(len(catalogue.CLASHES))])
def test_what_does_not_go_together_is_mended_by_its_command(config: Config) -> None:
    """Of every check."""
    assert obeyed(config)


def test_every_check_is_in_the_catalogue() -> None:
    """What the sources say of refusals is what was seen of them here."""
    seen = [problem.what for config in catalogue.CLASHES for problem in problems(config)]
    unseen = {where: text for text, where in catalogue.said() if not any(re.fullmatch(text, each) for each in seen)}
    assert not unseen


def six() -> Config:
    """Faults that six checks find, of which each would wait for another one."""
    return {
        **catalogue.routed("gateway", canaryWeight="100", green=catalogue.GREEN),
        "services": {
            "backend": {
                "port": "http",
                "shutdown": {"drainSeconds": 60},
                "gates": {"metrics": {}},
                "ingress": {"host": "a.example"},
                "backing": ["database"],
                "network": catalogue.CALLERS,
            }
        },
    }


def test_all_faults_are_reported_at_once() -> None:
    """Field, object and stack: none waits for another one to be mended."""
    found = obeyed(six())
    assert [str(each).split(": ", 1)[0] for each in found] == [
        "teal:services.backend.port",
        "teal:services.backend.shutdown.gracePeriodSeconds",
        "teal:services.backend.ingress",
        "teal:canaryWeight",
        "teal:prometheus.url",
        "teal:services.backend.backing[0]",
    ]


def test_a_secret_that_nobody_knows_hides_no_other_fault() -> None:
    """Its command asks for it, so what else is wrong is looked for without it."""
    told = {"receivers": {"chat": {"url": "exec://rm"}}}
    found = problems(catalogue.adopting(namespace="shop", notify=told))
    assert [path(each.where) for each in found] == ["notify.receivers.chat.url", "namespace"]


def test_what_is_known_of_an_object_is_said_once() -> None:
    """Thirteen unknown keys are thirteen short lines and one long one."""
    found = problems(catalogue.backend(**dict.fromkeys("abcdefghijklm", 1)))
    text = "\n".join(map(str, found))
    assert text.count("unknown key") == 13
    assert text.count("known here") == 1


SECRET = "hunter2-hunter2"  # noqa: S105 - what must not be seen

CONFIDENTIAL: Sequence[Any] = (
    catalogue.edited(backing={"db": {**catalogue.DATABASE, "password": [SECRET]}}),
    catalogue.edited(backing={"db": {**catalogue.DATABASE, "passwrd": SECRET}}),
    catalogue.edited(backing={"db": {"kind": "none", "password": SECRET}}),
    catalogue.edited(backing={"db": {**catalogue.DATABASE, "url": f"postgres://u:{SECRET}@db/x"}}),
    catalogue.edited(blue={"version": "1", "backend": {"image": "a:1", "env": {"DB_PASSWORD": [SECRET]}}}),
    catalogue.edited(blue={"version": "1", "backend": {"image": "a:1", "secrets": {"A-B": SECRET}}}),
    catalogue.edited(blue={"version": "1", "backend": {"image": "a:1", "secrets": SECRET}}),
    catalogue.edited(prometheus={"url": f"https://u:{SECRET}@p.example"}),
    catalogue.edited(prometheus={"url": "https://p.example", "token": f"{SECRET} {SECRET}"}),
    catalogue.edited(prometheus=json.dumps({"token": SECRET})[1:]),
    catalogue.backend(migrations={"up": ["psql", f"postgres://u:{SECRET}@db/x"]}),
    catalogue.backend(gates={"smoke": {"requests": {"a": {"path": "x", "headers": {"Authorization": SECRET}}}}}),
    catalogue.backend(podTemplate={"spec": {"containers": [{"name": "backend", "env": {"API_KEY": SECRET}}]}}),
)


@pytest.mark.parametrize("config", CONFIDENTIAL, ids=[str(number) for number in range(len(CONFIDENTIAL))])
def test_no_secret_is_shown(config: Config) -> None:
    """Neither as the value seen, nor in what is said of it, nor in the command."""
    found = obeyed(config)
    assert found
    assert SECRET not in "\n".join(map(str, found))


def test_a_secret_is_set_encrypted() -> None:
    """And asked for, since what stands in a command stays in a shell's history."""
    (found, *_) = obeyed(CONFIDENTIAL[0])
    assert command(found) == "pulumi config set --path --secret 'teal:backing.db.password'"
