"""A stack file is read and written as Pulumi does, and what a person wrote in it stays."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.engine.errors import ConfigError
from sandbox.engine.project import Project
from sandbox.engine.stackconfig import StackConfig
from tests.unit.engine_backend.conftest import PROJECT, SALT

FILE = """\
# which colour is live
encryptionsalt: {salt}
config:
  teal:activeColour: blue   # blue | green
  teal:services:
    backend: {{port: 8000, image: "registry.example/backend@sha256:0"}}
  # retired
  teal:zones:
  - a
  - b
"""


@pytest.fixture
def config(project: Project, environ: dict[str, str]) -> StackConfig:
    """A stack file somebody wrote by hand."""
    project.stack_config_dir.mkdir()
    project.stack_file("dev").write_text(FILE.format(salt=SALT))
    return StackConfig.load(project.stack_file("dev"), project, environ)


def reloaded(config: StackConfig) -> StackConfig:
    """The same file, read by another process."""
    config.save()
    return StackConfig.load(config.path, config.project, config.environ)


def test_a_save_changes_only_the_line_that_was_set(config: StackConfig) -> None:
    """Comments (at their column), quotes, flow maps and indentation stay: the diff a reviewer sees is the change."""
    before = config.path.read_text()
    config.path.chmod(0o640)
    config.set("activeColour", "green")
    config.save()
    assert config.path.stat().st_mode & 0o777 == 0o640
    assert config.path.read_text() == before.replace("Colour: blue   #", "Colour: green  #")


@pytest.mark.parametrize(
    "value", ["3", "true", "null", "~", "", "2026-11-21", "0x1F", "1e3", "a: b", "yes", "x\ny", "#"]
)
def test_a_top_level_value_stays_the_string_it_was(config: StackConfig, value: str) -> None:
    """What YAML would read as a number, a date or nothing is quoted."""
    config.set("teal:x", value)
    assert reloaded(config).values().plain["teal:x"] == value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(
    name=st.from_regex(r"[a-zA-Z0-9_-]{1,20}", fullmatch=True), value=st.text(st.characters(exclude_categories=["C"]))
)
def test_any_text_survives_the_file(config: StackConfig, name: str, value: str) -> None:
    """Top-level and nested alike."""
    config.set(f"teal:{name}", value)
    config.set(f"tree.{name}.leaf", f"_{value}", path=True)
    read = reloaded(config)
    found, nested = read.get(name), read.get(f"tree.{name}.leaf", path=True)
    assert found is not None
    assert nested is not None
    assert (found.text(str), nested.text(str)) == (value, f"_{value}")


def test_programs_get_json_with_types_of_nested_values(config: StackConfig) -> None:
    """`--path` sets numbers and truth values as such; lists and maps reach the program as compact JSON."""
    config.set("services.backend.port", "9000", path=True)
    config.set("services.backend.on", "true", path=True)
    config.set("zones[2]", "007", path=True)
    plain = reloaded(config).values().plain
    image = '"image":"registry.example/backend@sha256:0"'
    assert plain["teal:services"] == f'{{"backend":{{{image},"on":true,"port":9000}}}}'
    assert plain["teal:zones"] == '["a","b","007"]'


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("3", "3"),
        ("true", "true"),
        ("yes", "yes"),
        ("", ""),
        ("~", ""),
        ("1.0", "1"),
        ("1.50", "1.5"),
        ("0x1F", "31"),
        ("1_000", "1000"),
        ("2026-11-21", "2026-11-21 00:00:00 +0000 UTC"),
        ("2026-11-21T10:00:00Z", "2026-11-21 10:00:00 +0000 UTC"),
        ("12:30:45", "12:30:45"),
        ("[1, 2.5, yes, ~]", '[1,2.5,"yes",null]'),
        ("{a: <&>é}", '{"a":"\\u003c\\u0026\\u003eé"}'),
        ("{80: a, true: b}", '{"80":"a","true":"b"}'),
        ("{a: 2026-11-21}", '{"a":"2026-11-21 00:00:00 +0000 UTC"}'),
    ],
)
def test_values_written_by_hand_read_as_pulumi_reads_them(config: StackConfig, written: str, text: str) -> None:
    """Measured with Pulumi's own command line (3.260): unquoted values of each kind."""
    config.path.write_text(f"config:\n  teal:x: {written}\n")
    assert StackConfig.load(config.path, config.project, {}).values().plain["teal:x"] == text


def test_a_secret_is_never_in_the_file_in_clear(config: StackConfig) -> None:
    """Not at the top, not nested, and the program is told which keys are secret."""
    config.set("password", "hunter2", secret=True)
    config.set("services.backend.token", "swordfish", path=True, secret=True)
    read = reloaded(config)
    assert not any(word in config.path.read_text() for word in ("hunter2", "swordfish"))
    values = read.values()
    assert values.plain["teal:password"] == "hunter2"
    assert '"token":"swordfish"' in values.plain["teal:services"]
    assert values.secret_keys == ["teal:password", "teal:services"]


def test_a_new_stack_gets_its_salt_with_the_first_secret(project: Project, environ: dict[str, str]) -> None:
    """Plain values ask for no passphrase; a secret leaves a salt that opens it."""
    config = StackConfig.load(project.stack_file("new"), project, environ)
    config.set("plain", "x")
    assert reloaded(config).encryption_salt is None
    config.set("password", "hunter2", secret=True)
    read = reloaded(config)
    assert read.encryption_salt is not None
    assert read.values().plain == {"teal:plain": "x", "teal:password": "hunter2"}


def test_without_secrets_no_passphrase_is_asked_for(config: StackConfig) -> None:
    """A salt in the file is no reason to need a passphrase."""
    config.environ = {}
    assert config.values().plain["teal:activeColour"] == "blue"


@pytest.mark.parametrize(
    ("key", "path", "found"),
    [
        ("activeColour", False, "blue"),
        ("teal:activeColour", False, "blue"),
        ("teal:config:activeColour", False, "blue"),
        ("teal:services.backend.port", True, "8000"),
        ('["services"]["backend"].port', True, "8000"),
        ('teal:["services"].backend.port', True, "8000"),
        ("services.backend.port", False, None),
        ("services.backend.none", True, None),
        ("zones[5]", True, None),
        ("aws:activeColour", False, None),
    ],
)
def test_keys_are_found_by_any_name_pulumi_takes(
    config: StackConfig, key: str, *, path: bool, found: str | None
) -> None:
    """Bare keys are the project's; dots mean something with --path only."""
    value = config.get(key, path=path)
    assert (value.text(str) if value else None) == found


def test_a_key_is_removed_under_any_name(config: StackConfig) -> None:
    """And a bare key of the file is the same as the full one, not a second entry."""
    config.path.write_text("config:\n  a: 1\n  teal:b: {c: 1, d: 2}\n")
    config = StackConfig.load(config.path, config.project, config.environ)
    config.set("teal:a", "2")
    config.rm("b.c", path=True)
    assert reloaded(config).values().plain == {"teal:a": "2", "teal:b": '{"d":2}'}
    config.rm("teal:a")
    config.rm("nothing")
    assert list(reloaded(config).items()) == ["teal:b"]


@pytest.mark.parametrize("key", ["a:b:c", ":x", "a:", "a:b:c:d"])
def test_what_is_no_key_is_refused(config: StackConfig, key: str) -> None:
    """The message quotes it."""
    with pytest.raises(ConfigError, match=f"'{key}' as a configuration key"):
        config.set(key, "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("config:\n  teal:a: [1\n", r"Pulumi.dev.yaml:3:1: invalid YAML"),
        ("config:\n  teal:a: 1\n teal:b: 2\n", r"Pulumi.dev.yaml:3:2: invalid YAML"),
        ("config:\n  teal:a: 1\n  teal:a: 2\n", r"Pulumi.dev.yaml:3:3: invalid YAML: found duplicate key"),
        ("config:\n\tteal:a: 1\n", r"Pulumi.dev.yaml:2:1: invalid YAML"),
        ("config: blue\n", "'config' has to be a map.*'blue'"),
        ("secretsprovider: awskms://x\n", "'awskms://x' is not supported"),
        ("environment: [shared]\n", "not supported"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(config: StackConfig, content: str, message: str) -> None:
    """Invalid YAML has file, line and column."""
    config.path.write_text(content)
    with pytest.raises(ConfigError, match=message):
        StackConfig.load(config.path, config.project)


def declared(config: StackConfig, block: str) -> StackConfig:
    """The same stack file under a project that declares config."""
    (config.project.root / "Pulumi.yaml").write_text(f"{PROJECT}config:\n{block}")
    return StackConfig.load(config.path, Project.find(config.project.root), config.environ)


def test_what_the_project_declares_is_merged_under_the_stack(config: StackConfig) -> None:
    """The stack's value wins, a nested default fills in, and neither gets into the stack file."""
    block = "  activeColour: green\n  services.backend.slow: true\n  aws:region: eu-west-1\n  replicas: {default: 2}\n"
    config = declared(config, block)
    before = config.path.read_text()
    values = config.values().plain
    config.save()
    assert (values["teal:activeColour"], values["aws:region"], values["teal:replicas"]) == ("blue", "eu-west-1", "2")
    assert '"slow":true' in values["teal:services"]
    assert config.path.read_text() == before


def test_all_that_does_not_fit_the_declaration_is_said_at_once(config: StackConfig) -> None:
    """Missing, of the wrong type, or in clear where it has to be secret: one message with each key and value."""
    config.set("count", "many")
    config.set("password", "hunter2")
    config.save()
    config = declared(
        config,
        "  count: {type: integer}\n  password: {type: string, secret: true}\n  other: {type: string}\n"
        "  zones: {type: array, items: {type: boolean}}\n  services: {type: object}\n",
    )
    with pytest.raises(ConfigError) as caught:
        config.values()
    message = str(caught.value)
    assert "'count' must be of type 'integer', found 'many'" in message
    assert "'password' must be encrypted" in message
    assert "missing configuration value 'other'" in message
    assert "'zones' must be of type 'array<boolean>', found ['a', 'b']" in message
    assert "'services'" not in message
    assert "hunter2" not in message


def test_a_secret_of_the_wrong_type_is_not_shown(config: StackConfig) -> None:
    """The message says what is wrong without the value."""
    config.set("count", "hunter2", secret=True)
    config.save()
    with pytest.raises(ConfigError, match=r"'count' must be of type 'integer', found \[secret\]"):
        declared(config, "  count: {type: integer}\n").values()


@pytest.mark.parametrize(("kind", "value"), [("integer", "-3"), ("boolean", "true"), ("string", "true")])
def test_texts_that_read_as_the_declared_type_pass(config: StackConfig, kind: str, value: str) -> None:
    """`config set` keeps strings at the top level, so a text that reads as the type is of the type, as in Pulumi."""
    config.set("x", value)
    config.save()
    assert declared(config, f"  x: {{type: {kind}}}\n").values().plain["teal:x"] == value


def test_a_file_that_cannot_be_read_is_named(project: Project, tmp_path: Path) -> None:
    """A folder where a file should be."""
    with pytest.raises(ConfigError, match=f"cannot read {tmp_path}"):
        StackConfig.load(tmp_path, project)
