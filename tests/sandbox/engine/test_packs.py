"""Policy packs as the language host runs them."""

import json

import pytest

from tests.sandbox.engine.tiny import Tiny

PACK = """
from pulumi_policy import EnforcementLevel, PolicyConfigSchema, PolicyPack, ResourceValidationPolicy

def judge(args, report):
    needed = args.get_config()["needed"]
    if args.resource_type == "test:index:Part" and args.name != needed:
        report(f"part {args.name} of stack {pulumi.get_stack()}; needed: {needed}")

PolicyPack("tiny", [ResourceValidationPolicy(
    name="parts", description="What parts are called.", validate=judge, enforcement_level=EnforcementLevel.MANDATORY,
    config_schema=PolicyConfigSchema(properties={"needed": {"type": "string", "default": "anything"}}),
)])
"""


@pytest.fixture
def judged(tiny: Tiny) -> Tiny:
    """A program with one part, and a pack that wants it to be called otherwise."""
    tiny.program("pulumi.ComponentResource('test:index:Part', 'first')")
    tiny.pack(PACK)
    return tiny


def parts(judged: Tiny) -> list[str]:
    """What the stack has, beside itself."""
    resources = json.loads(judged.pulumi("stack", "export").stdout)["deployment"].get("resources", [])
    return [each["urn"] for each in resources if each["type"] != "pulumi:pulumi:Stack"]


def test_a_pack_refuses_what_it_is_there_for(judged: Tiny) -> None:
    """By its own config, which is the default here, and it knows the stack; nothing is made."""
    done = judged.up("--policy-pack", "pack", check=False)
    assert done.returncode != 0
    assert "part first of stack dev; needed: anything" in done.stdout, done.stdout
    assert parts(judged) == []


def test_a_packs_config_arrives(judged: Tiny) -> None:
    """What is given on the command line is what it judges by."""
    config = judged.folder / "config.json"
    config.write_text(json.dumps({"parts": {"needed": "first"}}))
    judged.up("--policy-pack", "pack", "--policy-pack-config", str(config))
    assert len(parts(judged)) == 1


def test_a_pack_that_cannot_be_run_is_no_pass(judged: Tiny) -> None:
    """Its exception is shown, nothing is made, and no process is left."""
    (judged.folder / "pack/__main__.py").write_text("raise ValueError('the pack is broken')\n")
    done = judged.up("--policy-pack", "pack", check=False)
    assert done.returncode != 0
    assert "the pack is broken" in done.stdout, done.stdout
    assert parts(judged) == []
    assert judged.await_end(seconds=1) == []
