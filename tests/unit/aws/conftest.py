"""The sandbox's AWS, in a process of its own: moto's state is its process's, and its strictness must not leak."""

import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3  # pyright: ignore[reportMissingTypeStubs] - there are none
import pytest
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs] - as boto3

from sandbox.aws import faults


@dataclass(frozen=True)
class Aws:
    """Where it is, and how to ask it."""

    endpoint: str

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
        """A client that tries once."""
        return _client(service, self.endpoint)

    def order(self, **wrong: Any) -> None:  # noqa: ANN401 - members of `Faults`
        """Replace all faults; targets are checked twice a second."""
        body = json.dumps({"check_interval_s": 0.5, **wrong}).encode()
        request = urllib.request.Request(f"{self.endpoint}{faults.PATH}", data=body, method="PUT")  # noqa: S310 - our own
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
            assert answer.status == 200

    def until(self, condition: Callable[[], bool], *, seconds: float = 30.0) -> float:
        """Wait until it holds, looking as often as nothing tells; returns the seconds it took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s"
            time.sleep(0.05)
        return time.monotonic() - began


@cache  # a client takes longer to make than all a test asks of it
def _client(service: str, endpoint: str) -> Any:  # noqa: ANN401 - as above
    session: Any = boto3.Session("test", "test", region_name="eu-west-1")
    return session.client(service, endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1}))


@contextmanager
def served(folder: Path) -> Generator[tuple[Aws, "subprocess.Popen[bytes]"]]:
    """Run the sandbox's AWS, with HAProxy's files in `folder`; its load balancers are at addresses of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    first = f"127.{random.randint(100, 200)}.{random.randint(1, 200)}.1"  # noqa: S311 - only to be alone
    command = [sys.executable, "-m", "sandbox.aws", "127.0.0.1", str(port), str(folder / "haproxy"), first]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)  # no event tells
        aws = Aws(f"http://127.0.0.1:{port}")
        aws.order()
        yield aws, process
        process.terminate()


@pytest.fixture(scope="session")
def running_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """The sandbox's AWS."""
    with served(tmp_path_factory.mktemp("aws")) as (aws, _):
        yield aws


@pytest.fixture
def aws(running_aws: Aws) -> Iterator[Aws]:
    """The sandbox's AWS, without faults when a test begins and when it ends."""
    yield running_aws
    running_aws.order()
