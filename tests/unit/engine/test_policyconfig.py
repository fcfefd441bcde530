"""A policy pack's config: whose word counts, and what its schema refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pulumi.runtime.proto import analyzer_pb2

from sandbox.engine.errors import EngineError
from sandbox.engine.policyconfig import read_config, reconciled

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.engine.conftest import Project

PACK = """
from pulumi_policy import EnforcementLevel, PolicyConfigSchema, PolicyPack, StackValidationPolicy

def judge(args, report):
    most = int(args.get_config()["most"])  # whole numbers travel as others do
    if len([r for r in args.resources if r.resource_type == "fake:index:Thing"]) > most:
        report(f"more than {most} things")

PolicyPack("strict", policies=[StackValidationPolicy(
    "few-things", "few things only", judge, EnforcementLevel.MANDATORY,
    PolicyConfigSchema({"most": {"type": "integer", "minimum": 1, "default": 1}}),
)])
"""


def info(**initial: dict[str, Any]) -> analyzer_pb2.AnalyzerInfo:
    """A pack with a mandatory policy `a` that has a bound, and an advisory one, `b`, that has none."""
    schema = analyzer_pb2.PolicyConfigSchema(required=["most"])
    schema.properties.update({"most": {"type": "integer", "default": 3}})
    pack = analyzer_pb2.AnalyzerInfo(
        name="strict",
        policies=[
            analyzer_pb2.PolicyInfo(name="a", enforcementLevel=analyzer_pb2.MANDATORY, configSchema=schema),
            analyzer_pb2.PolicyInfo(name="b", enforcementLevel=analyzer_pb2.ADVISORY),
        ],
    )
    for name, properties in initial.items():
        pack.initialConfig[name].enforcementLevel = analyzer_pb2.DISABLED
        pack.initialConfig[name].properties.update(properties)
    return pack


def settings(request: analyzer_pb2.ConfigureAnalyzerRequest, policy: str) -> tuple[int, dict[str, Any]]:
    """What a policy was given: its level and its properties."""
    entry = request.policyConfig[policy]
    return entry.enforcementLevel, dict(entry.properties)


def test_defaults() -> None:
    """Without a word from anybody a policy has its own level and its schema's defaults."""
    request = reconciled(info(), {})
    assert settings(request, "a") == (analyzer_pb2.MANDATORY, {"most": 3})
    assert settings(request, "b") == (analyzer_pb2.ADVISORY, {})


def test_the_file_wins_over_the_packs_own_config() -> None:
    """The file overrides the pack's initial config, a policy's entry overrides `all`."""
    given = {"all": {"enforcementLevel": "advisory"}, "a": {"most": 9}, "b": {"enforcementLevel": "mandatory"}}
    assert settings(reconciled(info(a={"most": 5}), {}), "a") == (analyzer_pb2.DISABLED, {"most": 5})
    request = reconciled(info(a={"most": 5}), given)
    assert settings(request, "a") == (analyzer_pb2.ADVISORY, {"most": 9})
    assert settings(request, "b") == (analyzer_pb2.MANDATORY, {})


def test_schema_is_held() -> None:
    """A value that the schema refuses stops the run, with the policy, the property and the reason."""
    with pytest.raises(EngineError, match="a: most: 'many' is not of type 'integer'"):
        reconciled(info(), {"a": {"most": "many"}})


@pytest.mark.parametrize("text", ["[", '{"a": 3}', '{"a": "harsh"}', '{"a": {"enforcementLevel": 1}}'])
def test_a_file_that_makes_no_sense(tmp_path: Path, text: str) -> None:
    """A file that is no JSON, or an entry that is neither a level nor an object, is refused."""
    file = tmp_path / "config.json"
    file.write_text(text)
    with pytest.raises(EngineError, match="nothing was done"):
        read_config(str(file))


def test_levels_and_bounds_reach_a_real_pack(project: Project) -> None:
    """The bound, and `disabled`, decide whether an update is refused; one config belongs to one pack."""
    pack = project.root / "policies"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text(PACK)
    config = project.root / "bounds.json"

    def preview(text: str) -> tuple[int, str]:
        config.write_text(text)
        project.wishes = {}
        result = project.run("preview", "--policy-pack", str(pack), "--policy-pack-config", str(config))
        return result.status, result.all

    status, said = preview("")
    assert (status, "more than 1 things" in said) == (1, True)
    assert preview('{"few-things": {"most": 2}}')[0] == 0
    status, said = preview('{"all": "advisory"}')
    assert (status, "[advisory]" in said) == (0, True)
    status, said = preview('{"all": "remediate"}')  # what would be mended behind the program's back is refused
    assert (status, "[mandatory]" in said) == (1, True)
    status, said = preview('{"few-things": "disabled"}')
    assert (status, "more than" in said) == (0, False)
    status, said = preview('{"few-things": {"most": 0}}')
    assert (status, "few-things: most: 0 is less than the minimum of 1" in said) == (1, True)
    assert "must match" in project.run("preview", "--policy-pack-config", str(config)).err
