"""The notifying process: it reads one object from standard input and prints the names of the receivers it has told."""

import importlib
import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

from teal.model.receivers import KINDS, kind_of, switched_off, unusable

TRIES = 2
PAUSE_SECONDS = 1.0
REQUEST_SECONDS = 4.0


def main() -> None:
    """Notify each receiver. The name of one that fails is not printed."""
    logging.disable()  # Apprise logs parts of its URLs
    asked: dict[str, Any] = json.load(sys.stdin)
    with ThreadPoolExecutor(max_workers=16) as pool:
        for name, url in asked["people"].items():
            pool.submit(_try, name, partial(_person, url, asked))
        for name, url in asked["machines"].items():
            pool.submit(_try, name, partial(_machine, url, asked["event"]))


def _try(name: str, tell: Callable[[], bool]) -> None:
    for attempt in range(TRIES):
        time.sleep(PAUSE_SECONDS * attempt)
        try:
            told = tell()
        except Exception:  # noqa: BLE001 - whatever a library for dozens of services raises, the others are told
            told = False
        if told:
            sys.stdout.write(f"{name}\n")
            sys.stdout.flush()
            return


def _person(url: str, asked: Mapping[str, Any]) -> bool:
    if unusable(url):
        return False
    module, _, name = KINDS[kind_of(url)].partition(".")
    # The import is here, since a webhook for machines needs none of Apprise.
    from apprise import AppriseAsset  # noqa: PLC0415

    plugin: Any = getattr(importlib.import_module(f"apprise.plugins.{module}"), name)
    parsed = cast(
        "dict[str, Any] | None", (plugin.parse_native_url if url.startswith("https:") else plugin.parse_url)(url)
    )
    if parsed is None or switched_off(parsed.get("qsd", {})):
        return False
    parsed["asset"] = AppriseAsset(
        app_id="teal",
        app_desc="teal",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        allow_templates=False,
        storage_mode="memory",
    )
    told = plugin(**parsed).notify(
        body=asked["body"], title=asked["title"], notify_type=asked["mood"], body_format="text"
    )
    return bool(told)


def _machine(url: str, event: Mapping[str, Any]) -> bool:
    import httpx2  # noqa: PLC0415 - as above: people alone need none of it

    headers = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    response = httpx2.post(url, content=json.dumps(event), headers=headers, timeout=REQUEST_SECONDS)
    return response.is_success


main()
