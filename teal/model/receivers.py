"""The kinds of receivers that can be told of flips, as Apprise URLs, and the checks that a URL has to pass. Pure.

Each kind leads to one class of Apprise, and no other is ever loaded. So no URL can name anything that runs a command,
reads a file or writes to this machine.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote_plus

from teal.model.addresses import is_here

KINDS: Mapping[str, str] = {
    "slack": "slack.NotifySlack",
    "workflows": "workflows.NotifyWorkflows",
    "discord": "discord.NotifyDiscord",
    "gchat": "google_chat.NotifyGoogleChat",
    "mmosts": "mattermost.NotifyMattermost",
    "mmost": "mattermost.NotifyMattermost",
    "rockets": "rocketchat.NotifyRocketChat",
    "rocket": "rocketchat.NotifyRocketChat",
    "webex": "webexteams.NotifyWebexTeams",
    "tgram": "telegram.NotifyTelegram",
    "pagerduty": "pagerduty.NotifyPagerDuty",
    "opsgenie": "opsgenie.NotifyOpsgenie",
    "ntfys": "ntfy.NotifyNtfy",
    "ntfy": "ntfy.NotifyNtfy",
    "mailtos": "email.NotifyEmail",
    "mailto": "email.NotifyEmail",
    "jsons": "custom_json.NotifyJSON",
    "json": "custom_json.NotifyJSON",
}
"""The module and class below `apprise.plugins`, by the scheme of the URL. `workflows` is Microsoft Teams."""

PLAIN = frozenset({"mmost", "rocket", "ntfy", "mailto", "json"})
"""The kinds without encryption, which may be used for this machine only."""

OWN_URLS = {"hooks.slack.com": "slack", "discord.com": "discord", "chat.googleapis.com": "gchat"}
"""The hosts of webhooks whose URLs are taken as the service issues them."""

_TEAMS = (".logic.azure.com", ".api.powerplatform.com")

SWITCHED_OFF = frozenset({"template", "attach", "pgp", "pgpprv", "pgppub", "wkd", "verify", "redirect"})
"""The parameters that read files, switch verification off, or send data elsewhere."""


def kind_of(url: str) -> str:
    """Return the key in `KINDS` of a URL; empty where it is none of them."""
    scheme, separator, rest = url.partition("://")
    host = re.split(r"[/?#:]", rest, maxsplit=1)[0].lower()
    if scheme == "https":
        return OWN_URLS.get(host, "workflows" if host.endswith(_TEAMS) else "")
    return scheme if separator and scheme in KINDS else ""


def unusable(url: str) -> str:
    """Return why a URL may not be used; empty where it may. The text quotes nothing of the URL, which is a secret."""
    kind = kind_of(url)
    if not kind:
        hosts = ", ".join([*OWN_URLS, *(f"*{each}" for each in _TEAMS)])
        return f"it begins with none of {', '.join(each + '://' for each in KINDS)}, nor with https:// and {hosts}"
    if kind in PLAIN and not is_here(url):
        return f"{kind}:// encrypts nothing, so it may lead to 127.0.0.1 alone; elsewhere it has to be {kind}s://"
    if "mode=insecure" in unquote_plus(url).lower():
        return "its parameter mode=insecure would send the password of the mailbox for everybody on the way to read"
    return switched_off(_parameters(url))


def switched_off(names: Iterable[str]) -> str:
    """Return why a URL with parameters of these names is refused; empty where it is not."""
    found = sorted(SWITCHED_OFF & {each.strip().lower() for each in names})
    return f"its parameter {found[0]} is not allowed: it could read files, or skip verification" if found else ""


def _parameters(url: str) -> frozenset[str]:
    """Return the names of everything that may be read as a parameter of a URL."""
    pairs = re.split(r"[&;?#]", url.partition("?")[2])
    return frozenset(unquote_plus(each.partition("=")[0]) for each in pairs)
