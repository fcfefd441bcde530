"""Chromium without a window, as whoever looks at a page: driven over a pipe by its own DevTools protocol."""

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root
    "--disable-gpu",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Browser:
    """One page."""

    def __init__(self, to: int, back: int) -> None:
        """Speak to a browser through these two ends of its pipes."""
        self._to, self._back, self._read = to, back, b""
        self._number = 0
        self._session = ""

    def open(self, url: str) -> None:
        """Open a page."""
        target = self._ask("Target.createTarget", url=url)["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def value(self, expression: str) -> Any:  # noqa: ANN401 - whatever it is
        """What a line of JavaScript comes to in the page."""
        answer = self._answer("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer.get("result", {}).get("result", {}).get("value")  # nothing while it is loaded

    def wait(self, expression: str, *, seconds: float = 30) -> None:
        """Until a line of JavaScript comes to something true."""
        give_up = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < give_up, (
                f"{expression} did not come about:\n{self.value('document.body.innerText')}"
            )
            time.sleep(0.05)

    def window(self, width: int, *, dark: bool = False) -> None:
        """Be so wide, and light or dark."""
        metrics = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, file: Path) -> None:
        """Take a picture of all of the page."""
        found = self._ask("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(found["data"]))

    def key(self, key: str, code: int) -> None:
        """Press a key."""
        what = {"key": key, "code": key, "windowsVirtualKeyCode": code, **({"text": "\r"} if key == "Enter" else {})}
        for kind in ("keyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, **what)

    def _ask(self, method: str, **params: object) -> Mapping[str, Any]:
        answer = self._answer(method, **params)
        assert "error" not in answer, answer
        return answer["result"]

    def _answer(self, method: str, **params: object) -> Mapping[str, Any]:
        self._number += 1
        session = {"sessionId": self._session} if self._session else {}
        said = {"id": self._number, "method": method, "params": params, **session}
        os.write(self._to, json.dumps(said).encode() + b"\0")
        while True:
            head, found, rest = self._read.partition(b"\0")
            if not found:
                piece = os.read(self._back, 1 << 16)
                assert piece, "Chromium has ended. Next: apt-get install --no-install-recommends chromium"
                self._read += piece
                continue
            self._read = rest
            answer = json.loads(head)
            if answer.get("id") == self._number:
                return answer


@contextmanager
def browsing(
    folder: Path, within: Callable[[Sequence[str]], list[str]] = lambda command: [*command]
) -> Generator[Browser]:
    """A browser of its own, which keeps what it has in a folder, and runs `within` whatever a command can be put in."""
    theirs_in, to = os.pipe()
    back, theirs_out = os.pipe()
    line = f'exec chromium {" ".join(OPTIONS)} "--user-data-dir=$0" 3<&{theirs_in} 4>&{theirs_out}'
    with subprocess.Popen(
        within(["bash", "-c", line, str(folder)]),
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ):
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Browser(to, back)
        finally:
            os.close(to)  # which ends it
            os.close(back)
