"""What each verb writes, and what is refused before anything is written."""

from pathlib import Path

import pytest

from teal.cli.say import Exit
from teal.history.model import Stage
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.manager.projects import GREEN, STACK, Engine, record, teal


@pytest.mark.parametrize(
    ("args", "changed"),
    [
        (("deploy",), {"teal:activeColour: blue": "teal:activeColour: green"}),
        (
            ("deploy", "1.2.0"),
            {
                "teal:activeColour: blue": "teal:activeColour: green",
                '"1.1.0"': '"1.2.0"',
                "backend:1.1.0": "backend:1.2.0",
            },
        ),
        (
            ("deploy", "other.example/backend:1.3.0"),
            {
                "teal:activeColour: blue": "teal:activeColour: green",
                '"1.1.0"': '"1.3.0"',
                "registry.example/backend:1.1.0": "other.example/backend:1.3.0",
            },
        ),
        (
            (
                "deploy",
                "1.4.0",
                "backend=registry.example/backend@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            ),
            {
                "teal:activeColour: blue": "teal:activeColour: green",
                '"1.1.0"': '"1.4.0"',
                "backend:1.1.0": "backend@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            },
        ),
        (("switch", "green"), {"teal:activeColour: blue": "teal:activeColour: green"}),
        (("start", "blue"), {}),
        (("deploy", "1.0.0"), {}),  # it is live: the idle slot keeps what the way back leads to
        (("stop", "green"), {'backend:1.1.0"}}': 'backend:1.1.0"}, state: stopped}'}),
        (("retire", "green"), {'backend:1.1.0"}}': 'backend:1.1.0"}, state: retired}'}),
        (
            ("scale", "blue", "6"),
            {"contract: true}": "contract: true, autoscaling: {minReplicas: 6}}"},
        ),
        (
            ("scale", "green", "2"),
            {"contract: true}": "contract: true, autoscaling: {idlePercent: 66}}"},
        ),
        (
            ("scale", "green", "30", "--service", "backend"),
            {"contract: true}": "contract: true, autoscaling: {idlePercent: 100, minReplicas: 30, maxReplicas: 30}}"},
        ),
    ],
)
def test_what_a_verb_writes(file: Path, engine: Engine, args: tuple[str, ...], changed: dict[str, str]) -> None:
    """And nothing else: the update is made from that file."""
    wanted = STACK + GREEN
    for old, new in changed.items():
        assert old in wanted
        wanted = wanted.replace(old, new)
    assert teal(*args, "--yes") == Exit.OK
    assert file.read_text() == wanted
    assert engine.did == ["preview", "up"]


def test_a_slot_that_is_not_there_begins_as_the_live_one(file: Path, engine: Engine) -> None:
    """With its environment, and its comments."""
    file.write_text(STACK)
    assert teal("deploy", "1.2.0", "--yes") == Exit.OK
    assert file.read_text() == STACK.replace("teal:activeColour: blue", "teal:activeColour: green") + (
        '  teal:green:\n    version: "1.2.0"\n'
        '    backend: {image: "registry.example/backend:1.2.0", env: {LEVEL: info}}\n'
    )
    assert engine.did == ["preview", "up"]


def test_verbs_begin_where_live_traffic_is(file: Path, engine: Engine, api_server: FakeApiServer) -> None:
    """A way back has left a file that names the other colour: nothing is flipped by starting something."""
    file.write_text(file.read_text().replace("teal:activeColour: blue", "teal:activeColour: green"))
    record(api_server, Stage.REVERTED)
    assert teal("start", "green", "--yes") == Exit.OK
    assert file.read_text() == STACK + GREEN
    assert engine.did == ["preview", "up"]


@pytest.mark.parametrize(
    ("scaling", "written"),
    [("null", "autoscaling: null, replicas: 6"), ("{enabled: false}", "autoscaling: {enabled: false}, replicas: 6")],
)
def test_where_nobody_scales_pods_are_a_number(file: Path, engine: Engine, scaling: str, written: str) -> None:
    """No autoscaler is switched on by the way."""
    text = (STACK + GREEN).replace("contract: true}", f"contract: true, autoscaling: {scaling}}}")
    file.write_text(text)
    assert teal("scale", "blue", "6", "--yes") == Exit.OK
    assert file.read_text() == text.replace(f"autoscaling: {scaling}", written)
    assert engine.did == ["preview", "up"]


def test_what_somebody_else_scales_is_refused_by_name(
    file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command beside it scales the others."""
    web = "    web: {port: 8000, autoscaling: {external: true}}\n"
    slots = ((STACK + GREEN).replace("LEVEL: info}}", 'LEVEL: info}}\n    web: {image: "web:1.0.0"}')).replace(
        'backend:1.1.0"}}', 'backend:1.1.0"}, web: {image: "web:1.1.0"}}'
    )
    file.write_text(slots.replace("  teal:blue:\n", f"{web}  teal:blue:\n"))
    before = file.read_text()
    assert teal("scale", "blue", "6", "--yes") == Exit.USAGE
    assert file.read_text() == before
    said = " ".join(capsys.readouterr().err.split())
    assert "another autoscaler scales web (autoscaling.external)" in said
    assert said.endswith("Next: teal scale blue 6 --service backend")
    assert teal("scale", "blue", "6", "--service", "backend", "--yes") == Exit.OK
    assert engine.did == ["preview", "up"]


def test_config_that_pulumi_stored_as_text_is_read_and_written(file: Path, engine: Engine) -> None:
    """`pulumi config set teal:services '{…}'` leaves JSON text; only what is changed within becomes an object."""
    text = """\
config:
  kubernetes:context: fake
  teal:activeColour: blue
  teal:namespace: '{"name": "teal"}'
  teal:services: '{"backend": {"port": 8000}}'
  teal:blue: '{"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}}'   # live
  teal:green: |
    {"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}}
  teal:settleSeconds: 0
"""
    file.write_text(text)
    assert teal("deploy", "1.1.0", "--yes") == Exit.OK
    made = '{"version": "1.1.0", "backend": {"image": "registry.example/backend:1.1.0"}}'
    assert file.read_text() == text.replace("Colour: blue", "Colour: green").replace(
        '|\n    {"version": "1.0.0", "backend": {"image": "registry.example/backend:1.0.0"}}', made
    )
    assert teal("scale", "blue", "6", "--yes") == Exit.OK
    assert '  teal:services: {"backend": {"port": 8000, "autoscaling": {"minReplicas": 6}}}\n' in file.read_text()
    assert engine.did == ["preview", "up"] * 2


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("switch", "red"), Exit.USAGE, "Next: teal switch --help"),
        (("scale", "blue", "0"), Exit.USAGE, "Next: teal scale --help"),
        (("scale", "blue", "3", "--service", "web"), Exit.USAGE, "web is no service of"),
        (("stop", "blue"), Exit.USAGE, "Next: teal switch green, then teal stop blue"),
        (("deploy", "1.0.0", "2.0.0"), Exit.USAGE, "2 versions (1.0.0, 2.0.0)"),
        (("deploy", "web=registry.example/web:1"), Exit.USAGE, "names the service web"),
        (
            (
                "deploy",
                "registry.example/backend@sha256:0000000000000000000000000000000000000000000000000000000000000000",
            ),
            Exit.USAGE,
            "which version is to be live",
        ),
        (("deploy", "not valid"), Exit.USAGE, "teal:green.version"),
        (("switch", "green", "--stack", "nobody"), Exit.USAGE, "Next: pulumi stack ls"),
        (("rollback",), Exit.USAGE, "no flip is remembered"),
    ],
)
def test_what_cannot_be_asked_for(  # noqa: PLR0913 - a table's columns
    file: Path,
    engine: Engine,
    capsys: pytest.CaptureFixture[str],
    *,
    args: tuple[str, ...],
    status: Exit,
    said: str,
) -> None:
    """It is said what is wrong and what to do, and nothing is written or asked of Pulumi."""
    assert teal(*args, "--yes") == status
    assert said in " ".join(capsys.readouterr().err.split())
    assert (file.read_text(), engine.did) == (STACK + GREEN, [])


def test_a_release_that_is_not_there(file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is prepared: a version has to be named."""
    file.write_text(STACK)
    for args in (("deploy",), ("switch", "green"), ("stop", "green")):
        assert teal(*args, "--yes") == Exit.USAGE
        assert "Next: teal deploy VERSION" in capsys.readouterr().err
    assert (file.read_text(), engine.did) == (STACK, [])


def test_images_that_are_named_otherwise(file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    """The next command names them."""
    text = (
        (STACK + GREEN)
        .replace("backend:1.0.0", "backend@sha256:0000000000000000000000000000000000000000000000000000000000000000")
        .replace("backend:1.1.0", "backend:latest")
    )
    file.write_text(text)
    assert teal("deploy", "1.2.0", "--yes") == Exit.USAGE
    assert "Next: teal deploy 1.2.0 backend=IMAGE" in capsys.readouterr().err
    assert (file.read_text(), engine.did) == (text, [])
