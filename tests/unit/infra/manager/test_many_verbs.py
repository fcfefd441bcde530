"""After fifty verbs a stack file says what they came to, and is the one that somebody wrote, byte for byte."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from teal_infra.manager import asked
from teal_infra.manager.declared import Declared

from teal.model.colours import Colour

BLOCK = """\
# Head: who may change this, and why.

config:            # beside a key
  teal:activeColour:   {active}     # the one value that moves traffic
  teal:canaryWeight: {weight} # percent
  teal:services:
      backend:   {{port: 8000 ,  autoscaling: {{ minReplicas: {least}, maxReplicas: {most}  ,idlePercent: {idle} }} }}
      # of a fixed size
      'frontend':
          port: 80
          autoscaling: {{enabled: false}}
          replicas: {fixed}     # by hand

  # what was live first
  teal:blue:
    version: "{blue_version}"   # as it is tagged
    state: {blue_state}
    backend: {{image: 'registry.example:5000/backend:{blue_version}', env: {{TEXT: "a # b", EMPTY: ""}}}}
    # in the middle of one
    frontend:
      image:
        "registry.example/frontend:{blue_version}"
      env:
        LONG: |
          two
          # lines
  teal:green: {{version: '{green_version}', state: {green_state},
      backend: {{image: "registry.example:5000/backend:{green_version}"}},
      frontend: {{image: registry.example/frontend:{green_version}  }} }}   # what comes next


  # of nothing
encryptionsalt: v1:abc=:v1:def
# the end, without a line break"""

JSON = """\
{{"config": {{"teal:activeColour": "{active}", "teal:canaryWeight": {weight},
  "teal:services": {{"backend": {{"autoscaling":
                       {{"minReplicas": {least}, "maxReplicas": {most}, "idlePercent": {idle}}}}},
                     "frontend": {{"autoscaling": {{"enabled": false}}, "replicas": {fixed}}}}},
  "teal:blue": {{"version": "{blue_version}", "state": "{blue_state}",
                 "backend": {{"image": "b:{blue_version}"}}, "frontend": {{"image": "f:{blue_version}"}}}},
  "teal:green": {{"version": "{green_version}", "state": "{green_state}",
                  "backend": {{"image": "b:{green_version}"}}, "frontend": {{"image": "f:{green_version}"}}}}
}}}}
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a file is to say."""

    active: Colour = Colour.BLUE
    weight: int = 0
    least: int = 3
    most: int = 20
    idle: int = 100
    fixed: int = 2
    versions: Mapping[Colour, str]
    states: Mapping[Colour, str]

    def text(self, form: str) -> str:
        """The file."""
        known = {name: getattr(self, name) for name in ("active", "weight", "least", "most", "idle", "fixed")}
        slots = {f"{each}_version": self.versions[each] for each in Colour}
        return form.format(**known, **slots, **{f"{each}_state": self.states[each] for each in Colour})

    def running(self, colour: Colour, state: str = "running") -> "Said":
        """With a colour in another state."""
        return replace(self, states={**self.states, colour: state})

    def live(self, colour: Colour) -> "Said":
        """With all traffic on a colour."""
        return replace(self.running(colour), active=colour, weight=0)


BEGUN = Said(
    versions={Colour.BLUE: "1.4.2", Colour.GREEN: "1.5.0-rc.1"},
    states={Colour.BLUE: "running", Colour.GREEN: "retired"},
)

Verb = Callable[[Declared, Said], tuple[Declared, Said]]
"""What a verb does to a file, and what that is to say then."""


def deployed(version: str) -> Verb:
    """A release for the idle colour, which goes live."""

    def verb(file: Declared, said: Said) -> tuple[Declared, Said]:
        idle = said.active.other
        found = asked.release(file, idle, [version])
        assert found is not None
        made = replace(said, versions={**said.versions, idle: version})
        return file.release(idle, *found).activate(idle), made.live(idle)

    return verb


def switched(colour: Colour) -> Verb:
    """Live traffic to a colour."""
    return lambda file, said: (file.activate(colour), said.live(colour))


def shared(percent: int) -> Verb:
    """A share for the idle colour."""
    return lambda file, said: (file.weigh(percent), replace(said, weight=percent))


def ended(state: str) -> Verb:
    """The idle colour starts, stops or retires."""
    return lambda file, said: (file.set_state(said.active.other, state), said.running(said.active.other, state))


def scaled(colour: Colour, pods: int) -> Verb:
    """Another number of pods."""

    def verb(file: Declared, said: Said) -> tuple[Declared, Said]:
        live = colour is said.active
        made = replace(
            said.running(colour),
            fixed=pods,
            idle=said.idle if live else min(100, 100 * pods // said.least),
            least=pods if live else max(pods, said.least),
            most=max(pods, said.most),
        )
        return file.scale(colour, pods, file.services, active=live), made

    return verb


COLOURS = st.sampled_from(list(Colour))
VERBS = st.one_of(
    st.from_regex(r"[0-9]{1,2}\.[0-9]{1,2}(\.[0-9]{1,2})?(-rc\.[0-9])?", fullmatch=True).map(deployed),
    COLOURS.map(switched),
    st.integers(min_value=0, max_value=99).map(shared),
    st.sampled_from(["running", "stopped", "retired"]).map(ended),
    st.builds(scaled, COLOURS, st.integers(min_value=1, max_value=30)),
)


@pytest.mark.parametrize("form", [BLOCK, BLOCK.replace("\n", "\r\n"), JSON], ids=["block", "windows", "json"])
@settings(max_examples=3, deadline=None)
@given(verbs=st.lists(VERBS, min_size=50, max_size=50))
def test_fifty_verbs_change_what_they_say_and_nothing_else(form: str, verbs: list[Verb]) -> None:
    """Comments, blanks, quotes, order and line breaks of all else are as they were."""
    said = BEGUN
    file = Declared(file=Path("Pulumi.dev.yaml"), text=said.text(form))
    for verb in verbs:
        file, said = verb(file, said)
    assert file.text == said.text(form)
