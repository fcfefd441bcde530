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

from tests.unit.infra.settings.errors import catalogue, checks, configs, values
from tests.unit.infra.settings.errors.configs import Config
from tests.unit.infra.settings.errors.pulumi_config import run
from tests.unit.infra.settings.errors.values import Where


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
    told = [each.where for each in found if any(step.where == each.where for step in each.steps)]
    assert len(told) == len({*told}), "\n".join(map(str, found))  # two commands for one setting contradict each other
    for problem in found:
        run(command(problem), file)
    rest: Sequence[Problem] = load.problems(*read(file)) if found else ()
    assert not rest, "\n".join((yaml.safe_dump(file), *map(str, found), "left:", *map(str, rest)))
    return found


def objects() -> dict[Where, list[Where]]:
    """All settings by the object that they are of."""
    found: dict[Where, list[Where]] = {}
    for where in values.places():
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
        for value in values.WRONG:
            refused += bool(obeyed(values.with_value(setting, value)))
    assert refused > len(OBJECTS[where])


@pytest.mark.parametrize("config", catalogue.CLASHES, ids=[str(number) for number in range(len(catalogue.CLASHES))])
def test_what_does_not_go_together_is_mended_by_its_command(config: Config) -> None:
    """Of every check."""
    assert obeyed(config)


def test_every_check_is_in_the_catalogue() -> None:
    """What the sources say of refusals is what was seen of them here."""
    seen = [problem.what for config in catalogue.CLASHES for problem in problems(config)]
    unseen = {where: text for text, where in checks.said() if not any(re.fullmatch(text, each) for each in seen)}
    assert not unseen


def six() -> Config:
    """Faults that six checks find, of which each would wait for another one."""
    return {
        **configs.routed("gateway", canaryWeight="100", green=configs.GREEN),
        "services": {
            "backend": {
                "port": "http",
                "shutdown": {"drainSeconds": 60},
                "gates": {"metrics": {}},
                "ingress": {"host": "a.example"},
                "backing": ["database"],
                "network": configs.CALLERS,
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
    found = problems(configs.adopting(namespace="shop", notify=told))
    assert [path(each.where) for each in found] == ["notify.receivers.chat.url", "namespace"]


def test_what_is_known_of_an_object_is_said_once() -> None:
    """Thirteen unknown keys are thirteen short lines and one long one."""
    found = problems(configs.backend(**dict.fromkeys("abcdefghijklm", 1)))
    text = "\n".join(map(str, found))
    assert text.count("unknown key") == 13
    assert text.count("known here") == 1


SECRET = "hunter2-hunter2"  # noqa: S105 - what must not be seen

CONFIDENTIAL: Sequence[Any] = (
    configs.edited(backing={"db": {**configs.DATABASE, "password": [SECRET]}}),
    configs.edited(backing={"db": {**configs.DATABASE, "passwrd": SECRET}}),
    configs.edited(backing={"db": {"kind": "none", "password": SECRET}}),
    configs.edited(backing={"db": {**configs.DATABASE, "url": f"postgres://u:{SECRET}@db/x"}}),
    configs.edited(blue={"version": "1", "backend": {"image": "a:1", "env": {"DB_PASSWORD": [SECRET]}}}),
    configs.edited(blue={"version": "1", "backend": {"image": "a:1", "secrets": {"A B": SECRET}}}),
    configs.edited(blue={"version": "1", "backend": {"image": "a:1", "secrets": SECRET}}),
    configs.edited(prometheus={"url": f"https://u:{SECRET}@p.example"}),
    configs.edited(prometheus={"url": "https://p.example", "token": f"{SECRET} {SECRET}"}),
    configs.edited(prometheus=json.dumps({"token": SECRET})[1:]),
    configs.backend(migrations={"up": ["psql", f"postgres://u:{SECRET}@db/x"]}),
    configs.backend(gates={"smoke": {"requests": {"a": {"path": "x", "headers": {"Authorization": SECRET}}}}}),
    configs.backend(podTemplate={"spec": {"containers": [{"name": "backend", "env": {"API_KEY": SECRET}}]}}),
    # Under names that say nothing of a secret.
    configs.backend(env=[{"name": "DB_PASSWORD", "value": SECRET}, {"name": "LOG", "value": "info"}]),
    configs.edited(blue={"version": "1", "backend": {"image": "a:1", "env": [{"name": "PGPASS", "value": SECRET}]}}),
    configs.edited(blue={"version": "1", "backend": {"image": "a:1", "env": {"PGPASS": [SECRET]}}}),
    configs.edited(blue={"version": "1", "backend": {"image": "a:1", "STRIPE": SECRET}}),
    configs.edited(database=json.dumps({"sk": SECRET}), pin=SECRET),
    configs.edited(database=json.dumps({"sk": SECRET})[1:]),
    configs.backend(podTemplate={"spec": {"containers": {"env": [{"name": "STRIPE_KEY", "value": SECRET}]}}}),
    configs.backend(podTemplate={"env": [{"name": "DB_PASSWORD", "value": SECRET}]}),
    configs.backend(podTemplate={"spec": {"serviceAccountName": SECRET, "restartPolicy": SECRET}}),
    configs.backend(args={"a": f"--db={SECRET}"}, command=f"run --db={SECRET}"),
    configs.backend(args=[["--db", SECRET]], migrations={"up": ["migrate", f"--dsn={SECRET}"]}),
    configs.backend(autoscaling={"enabled": "x", "metrics": SECRET, "trigger": SECRET}),
    configs.backend(metadata={"ingress": {"annotations": {"auth": [SECRET]}, "labels": {"a": f"{SECRET}/"}}}),
    configs.edited(prometheus={"url": f"https://p.example/?t={SECRET}", "bearer": SECRET, "basicAuth": {"a": SECRET}}),
    configs.edited(prometheus={"url": f"https://{SECRET}@p.example"}),
    configs.edited(backing={"db": {**configs.DATABASE, "url": f"host=db password={SECRET}"}}),
    configs.backend(gates={"smoke": {"requests": {"a": {"path": f"/?k={SECRET}#x"}}}}),
    configs.backend(gates={"smoke": {"requests": {"a": {"path": "/", "within": SECRET, "values": [SECRET]}}}}),
)


@pytest.mark.parametrize("config", CONFIDENTIAL, ids=[str(number) for number in range(len(CONFIDENTIAL))])
def test_no_secret_is_shown(config: Config) -> None:
    """Neither as the value seen, nor in what is said of it, nor in the command."""
    found = obeyed(config)
    assert found
    assert SECRET not in "\n".join(map(str, found))


def test_of_what_others_name_the_keys_are_shown() -> None:
    """They suffice to find it; what a setting of teal's own has is shown."""
    variables = {"version": "1", "backend": {"image": "a b", "env": [{"name": "LOG", "value": "info"}]}}
    config = configs.edited(
        blue=variables, services={"backend": {"port": "http", "pin": 1234, "password": 1234, "scale": {"min": 1}}}
    )
    assert {path(each.where): each.seen for each in problems(config)} == {
        "services.backend.port": '"http"',
        "services.backend.pin": "a number",
        "services.backend.password": '"[secret]"',
        "services.backend.scale": '{"min": "…"}',
        "blue.backend.image": '"a b"',
        "blue.backend.env": '[{"name": "…", "value": "…"}]',
    }


def test_a_message_about_a_missing_secret_keeps_its_words() -> None:
    """Nobody knows the secret yet, so that no word can be taken for it."""
    cache = {**configs.DATABASE, "kind": "redis", "password": [1], "url": "redis://cache"}
    found = problems(configs.edited(backing={"cache": cache}, services={"backend": {"backing": ["cache"]}}))
    assert "it has host, port, password, and env and secrets for the rest" in "\n".join(map(str, found))


def test_an_encrypted_value_goes_where_it_stays_one() -> None:
    """Of a release and of a backing service there are variables that a Secret has; elsewhere it goes."""
    sealed, unset = configs.SEALED, "pulumi config rm --path"
    config = configs.edited(
        backing={"database": {**configs.DATABASE, "host": sealed, "password": sealed, "env": {"A": sealed}}},
        services={"backend": {"backing": ["database"], "args": ["-a", sealed]}},
        blue={"version": "1", "backend": {"image": "a:1", "env": {"DB_PASSWORD": sealed}, "secrets": {"B": sealed}}},
    )
    assert {path(each.where): command(each) for each in obeyed(config)} == {
        "backing.database.host": (
            f"{unset} 'teal:backing.database.host'"
            " && pulumi config set --path --secret 'teal:backing.database.secrets.DB_HOST'"
        ),
        "backing.database.env.A": (
            f"{unset} 'teal:backing.database.env.A'"
            " && pulumi config set --path --secret 'teal:backing.database.secrets.A'"
        ),
        "services.backend.args[1]": f"{unset} 'teal:services.backend.args[1]'",
        "blue.backend.env.DB_PASSWORD": (
            f"{unset} 'teal:blue.backend.env.DB_PASSWORD'"
            " && pulumi config set --path --secret 'teal:blue.backend.secrets.DB_PASSWORD'"
        ),
    }


def test_a_number_that_was_to_be_a_text_is_set_as_one() -> None:
    """The number that was seen; not one that others name, and not what YAML may have changed."""
    release = {"image": "a:1", "schema": {"expand": 20240115093000, "down": 1.1}}
    config = configs.edited(
        services={"backend": {"migrations": {"revisions": [7]}, "metadata": {"deployment": {"labels": {"pin": 1.1}}}}},
        blue={"version": "1", "backend": release},
    )
    assert {path(each.where): command(each) for each in problems(config)} == {
        "services.backend.migrations.revisions[0]": (
            "pulumi config set --path --type string 'teal:services.backend.migrations.revisions[0]' 7"
        ),
        "services.backend.metadata.deployment.labels.pin": (
            "pulumi config set --path 'teal:services.backend.metadata.deployment.labels.pin' shop"
        ),
        "blue.backend.schema.expand": (
            "pulumi config set --path --type string 'teal:blue.backend.schema.expand' 20240115093000"
        ),
        "blue.backend.schema.down": "pulumi config set --path 'teal:blue.backend.schema.down' 0001",
        "services.backend.migrations.revisions[1]": (
            "pulumi config set --path 'teal:services.backend.migrations.revisions[1]' 0001"
        ),
        "services.backend.migrations.revisions[2]": (
            "pulumi config set --path --type string 'teal:services.backend.migrations.revisions[2]' 20240115093000"
        ),
    }


def test_a_secret_is_set_encrypted() -> None:
    """And asked for, since what stands in a command stays in a shell's history."""
    (found, *_) = obeyed(CONFIDENTIAL[0])
    assert command(found) == "pulumi config set --path --secret 'teal:backing.db.password'"
