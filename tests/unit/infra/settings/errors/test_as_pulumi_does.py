"""The tests' own `pulumi config` does what Pulumi's does, with the commands that errors name."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from teal_infra.settings import load, stack_file

from sandbox.cluster.cache import cache_folder
from sandbox.tools import PULUMI
from teal.model.errors import ConfigError
from tests.unit.infra.settings.errors import configs
from tests.unit.infra.settings.errors.configs import Config
from tests.unit.infra.settings.errors.pulumi_config import run
from tests.unit.infra.settings.errors.test_next import command, read, stack

CONFIGS: Mapping[str, Config] = {
    "numbers and lists": configs.backend(
        shutdown={"drainSeconds": 60}, migrations={"up": ["up"]}, resources={"requests": {"cpu": "2"}}
    ),
    "numbers that were to be texts": configs.edited(
        services={"backend": {"migrations": {}}},
        blue={"version": "1", "backend": {"image": "a:1", "schema": {"expand": 20240115093000}}},
    ),
    "texts in the way": configs.edited(services={"backend": {"network": "open", "gates": {"contract": 1}}}),
    "secrets": configs.edited(backing={"database": {**configs.DATABASE, "password": [1]}}),
    "names": configs.backend(
        metadata={"deployment": {"labels": {"app.kubernetes.io/name": "a", "teal/colour": "b"}}},
        imagePullSecrets=7,
        **{'A-"b".c/d[0]': 1},
    ),
    "elements of lists": configs.routed(
        "alb",
        alb={**configs.ALB, "subnetIds": [], "internal": "x"},
        service={"routing": {"paths": ["/a", "/b", "/c"]}},
    ),
    "an object that is none": configs.edited(services="{", prometheus={"url": 5, "token": [1]}),
}


@pytest.fixture(scope="module")
def pulumi(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    """A project with a stack `dev` in a backend of files, and what its commands need around them."""
    compiled = PULUMI.target(cache_folder()) / "pulumi" if PULUMI.built(cache_folder()) else shutil.which("pulumi")
    if compiled is None:
        pytest.skip(f"Pulumi {PULUMI.version} is neither here nor compiled yet: make e2e does it")
    folder = tmp_path_factory.mktemp("project")
    (folder / "state").mkdir()
    (folder / "Pulumi.yaml").write_text("name: teal\nruntime: python\n")
    environment = {
        "PATH": f"{Path(compiled).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    subprocess.run(["pulumi", "stack", "init", "dev"], cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S607 - on the PATH that it is given
    return folder, environment


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_commands_do_the_same(config: Config, pulumi: tuple[Path, Mapping[str, str]]) -> None:
    """One after another on one stack file."""
    folder, environment = pulumi
    file = folder / "Pulumi.dev.yaml"
    salt = {key: value for key, value in yaml.safe_load(file.read_text()).items() if key != "config"}
    file.write_text(yaml.safe_dump({**salt, **stack(config)}))
    expected = deepcopy(stack(config))
    found = load.problems(*read(expected))
    assert found
    for problem in found:
        run(command(problem), expected)
    script = "set -e\n" + "\n".join(
        f"printf word | {command(each).replace(' && ', ' && printf word | ')}" for each in found
    )
    ran = subprocess.run(
        ["/bin/sh", "-c", script], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert ran.returncode == 0, f"{script}\n{ran.stdout}{ran.stderr}"
    assert _hidden(yaml.safe_load(file.read_text())["config"]) == _hidden(expected["config"])
    assert load.problems(*read(yaml.safe_load(file.read_text()))) == []


READ = (
    "{on: Yes, off: NO, y: n, yes: True, no: false, is: null, many: 010, part: 1.5, octal: 0755, new: 0o755,"
    " time: 12:30, times: 12:30:45, one: 1.0, thousand: 1e3, more: 1.5e3, tiny: 1E-7, huge: 1e21, infinite: 1e400,"
    " hex: 0x1F, sign: +5, minus: -0x1f, bits: 0b101, apart: 1_000, apart2: 1_0.5, not: 089, no8: 0o8, dot: .5,"
    " minus.dot: -.5, end: 1., version: 1.2.3, day: 2024-01-01, short: 2024-1-2, none: 2024-02-30,"
    " at: 2024-01-01T10:00:00Z, zone: 2024-01-01t10:00:00.50+02:00, utc: 2024-01-01T10:00:00+00:00,"
    " plain: 2024-01-01 9:00:00, local: 2024-01-01T09:00:00, most: 9223372036854775807, dash: -x, equal: =,"
    " quoted: '0755'}"
)


def test_a_stack_file_is_read_as_pulumi_reads_it(pulumi: tuple[Path, Mapping[str, str]]) -> None:
    """To Pulumi `on` and `12:30` are texts, and `1e3` is a number; Python's YAML has it the other way round."""
    told = said(pulumi, f"words: {READ}")
    folder, _ = pulumi
    found = json.loads(stack_file.read(folder / "Pulumi.dev.yaml").raw["words"])
    assert {key: (isinstance(each, str), each) for key, each in found.items()} == {
        key: (isinstance(each, str), each) for key, each in json.loads(told).items()
    }


@pytest.mark.parametrize("value", ["", "~", "null", '""', "0755", "1.0", "1e3", "1e30", "2024-01-01", "yes", "1.5"])
def test_a_value_of_its_own_is_the_same_text(pulumi: tuple[Path, Mapping[str, str]], value: str) -> None:
    """Of nothing it is an empty one."""
    told = said(pulumi, f"words: {value}")
    folder, _ = pulumi
    assert stack_file.read(folder / "Pulumi.dev.yaml").raw["words"] == told


def test_a_key_that_is_there_twice_is_refused_as_pulumi_refuses_it(pulumi: tuple[Path, Mapping[str, str]]) -> None:
    """Python's YAML takes the last one; what an anchor brings may be overridden."""
    assert json.loads(said(pulumi, "words: {a: &a {b: 1, c: 1}, d: {<<: *a, b: 2}, e: {<<: *a, b: 3}}"))["e"]["b"] == 3
    folder, _ = pulumi
    assert json.loads(stack_file.read(folder / "Pulumi.dev.yaml").raw["words"])["d"]["b"] == 2
    with pytest.raises(subprocess.CalledProcessError):
        said(pulumi, "words: {a: {b: 1, c: 1, b: 2}}")
    with pytest.raises(ConfigError, match="the key b is there twice in line"):
        stack_file.read(folder / "Pulumi.dev.yaml")


@pytest.mark.parametrize("value", [".inf", "-.Inf", ".nan"])
def test_what_is_no_number_is_refused_as_pulumi_refuses_it(pulumi: tuple[Path, Mapping[str, str]], value: str) -> None:
    """JSON has no such number."""
    with pytest.raises(subprocess.CalledProcessError):
        said(pulumi, f"words: {{a: {value}}}")
    with pytest.raises(ConfigError, match=f"{value} is no number in line"):
        stack_file.read(pulumi[0] / "Pulumi.dev.yaml")


def said(pulumi: tuple[Path, Mapping[str, str]], config: str) -> str:
    """What Pulumi says of `teal:words` in a stack file with this config."""
    folder, environment = pulumi
    file = folder / "Pulumi.dev.yaml"
    salt = next(each for each in file.read_text().splitlines() if each.startswith("encryptionsalt"))
    file.write_text(f"{salt}\nconfig:\n  teal:{config}\n")
    return subprocess.run(
        ["pulumi", "config", "get", "--stack", "dev", "teal:words"],  # noqa: S607 - on the PATH that it is given
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.removesuffix("\n")


def _hidden(value: Any) -> Any:  # noqa: ANN401 - any YAML
    """The same without what a secret became."""
    if isinstance(value, list):
        return [_hidden(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        return "secret" if value.keys() == {"secure"} else {key: _hidden(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value
