"""Which URLs people may be told by: nothing that reads a file, runs anything, or lets others on the way read."""

import importlib

import pytest

from teal.model.receivers import KINDS, PLAIN, kind_of, unusable

SECRET = "T0K3N"  # noqa: S105 - of nobody


@pytest.mark.parametrize(
    "url",
    [
        f"slack://{SECRET}/B/C",
        f"https://hooks.slack.com/services/T1/B2/{SECRET}",
        f"https://discord.com/api/webhooks/1/{SECRET}",
        f"https://prod-1.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?sig={SECRET}",
        f"workflows://prod-1.westeurope.logic.azure.com:443/1/{SECRET}",
        f"pagerduty://{SECRET}@key?severity=critical",
        f"mailtos://somebody:{SECRET}@mail.example?to=team@example",
        f"jsons://hook.example/{SECRET}?+Authorization=x",
        "json://127.0.0.1:8080/hook",
        "json://localhost/hook",
        "json://[::1]:8080/hook",
    ],
)
def test_what_people_have_is_let_through(url: str) -> None:
    """By Apprise's URLs, or by those that Slack, Discord and Teams give out."""
    assert unusable(url) == ""


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"xoxb-{SECRET}", "begins with none of"),
        (f"https://hook.example/{SECRET}", "begins with none of"),
        (f"https://hooks.slack.com.example/{SECRET}", "begins with none of"),
        (f"http://hooks.slack.com/services/{SECRET}", "begins with none of"),
        (f"file:///{SECRET}", "begins with none of"),
        (f"syslog://{SECRET}", "begins with none of"),
        (f"dbus://{SECRET}", "begins with none of"),
        (f"json://hook.example/{SECRET}", "jsons://"),
        (f"json://127.0.0.1.example/{SECRET}", "jsons://"),
        (f"mailto://somebody:{SECRET}@mail.example", "mailtos://"),
        (f"mailtos://somebody:{SECRET}@mail.example?mode=insecure", "mode=insecure"),
        (f"mailtos://somebody:{SECRET}@mail.example?mode=%69nsecure", "mode=insecure"),
        (f"slack://{SECRET}/B/C?template=/etc/shadow", "template"),
        (f"slack://{SECRET}/B/C?a=b&TEMPLATE=/etc/shadow", "template"),
        (f"slack://{SECRET}/B/C?%74emplate=/etc/shadow", "template"),
        (f"slack://{SECRET}/B/C#?template=/etc/shadow", "template"),
        (f"slack://{SECRET}/B/C?a=b;template=/etc/shadow", "template"),
        (f"slack://{SECRET}/B/C?a=b#template=/etc/shadow", "template"),
        (f"mailtos://a:{SECRET}@mail.example?pgp=yes&pgppub=/etc/shadow", "pgp"),
        (f"jsons://hook.example/{SECRET}?verify=no", "verify"),
        (f"jsons://hook.example/{SECRET}?redirect=yes", "redirect"),
        (f"ntfys://ntfy.example/{SECRET}?attach=file:///etc/shadow", "attach"),
    ],
)
def test_anything_else_is_not_and_its_secret_is_not_shown(url: str, why: str) -> None:
    """The reason names what is wrong with it, and what is right."""
    assert why in unusable(url)
    assert SECRET not in unusable(url)


@pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)  # Apprise's mail asks whether it is there
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_one_of_the_librarys_over_http_or_mail(kind: str) -> None:
    """Its class says that it is of this scheme, encrypted but for those that are for this machine alone."""
    module, _, name = KINDS[kind].partition(".")
    plugin = getattr(importlib.import_module(f"apprise.plugins.{module}"), name)
    protocols: str | tuple[str, ...] = plugin.protocol if kind in PLAIN else plugin.secure_protocol
    assert kind in ({protocols} if isinstance(protocols, str) else {*protocols})
    assert kind_of(f"{kind}://somewhere") == kind
