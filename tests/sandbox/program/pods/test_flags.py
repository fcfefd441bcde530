"""Feature flags change under pods that run: no pod is made anew, and no traffic moves."""

import json
import time

import pytest

from tests.sandbox.program.stacks import Stack

pytestmark = [pytest.mark.timeout(300)]

SHOWS = "print(open('/etc/teal/flags.json').read())"  # the image has no shell


def flags(default: str) -> dict[str, object]:
    """A file with one flag."""
    variants = {"on": True, "off": False}
    return {"flags": {"checkout": {"state": "ENABLED", "variants": variants, "defaultVariant": default}}}


def read(stack: Stack, pod: str) -> object:
    """What a pod finds in its file."""
    return json.loads(stack.kubectl("exec", f"pod/{pod}", "-c", stack.service, "--", "python3", "-c", SHOWS))


def test_a_running_pod_sees_another_flag(stack: Stack) -> None:
    """Both colours' pods stay who they are, and so do the record of flips and where traffic goes."""
    stack.write("flags", flags("off"))
    stack.up()
    before = {colour: stack.uids(colour) for colour in ("blue", "green")}
    pod = stack.pods("blue")[0]["metadata"]["name"]
    assert read(stack, pod) == flags("off")
    history, live = stack.teal("history"), stack.live()

    stack.write("flags", flags("on"))
    done = stack.pulumi("preview", "--non-interactive")
    assert "plan: ROLLING" in done.stdout
    assert "without a restart: checkout (defaultVariant off → on)" in done.stdout
    stack.up()
    # The kubelet looks at a pod once a minute or so, and at once where anything of the pod changes.
    stack.kubectl("annotate", "pod", pod, "example.com/looked-at=now")
    give_up = time.monotonic() + 120
    while read(stack, pod) != flags("on"):
        assert time.monotonic() < give_up, "the pod's file is still the old one"
        time.sleep(1)

    assert {colour: stack.uids(colour) for colour in before} == before
    assert (stack.teal("history"), stack.live()) == (history, live)
    assert "plan: NOTHING" in stack.pulumi("preview", "--non-interactive").stdout
