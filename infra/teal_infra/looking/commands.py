"""Defines `teal report` and `teal ui`: what is typed, and what is printed."""

import gc
import os
import secrets
import socket
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import uvicorn
from cyclopts import Parameter
from cyclopts.validators import Number

from teal.adapters import pulumi_project
from teal.adapters.kubernetes.cluster import Cluster
from teal.adapters.prometheus import Prometheus, PrometheusAccess
from teal.cli.answer import ANSWER, Answer
from teal.cli.say import fail, say
from teal.cli.where import HERE, Where
from teal.history.model import Flip
from teal.model.errors import ConfigError
from teal.spec import credentials
from teal_infra.looking import pages, server
from teal_infra.looking.reader import StackReader
from teal_infra.settings import load, stack_file
from teal_infra.settings.base import ENCRYPTED

_MOST_PORT = 65535


def report(
    number: int | None = None,
    /,
    where: Where = HERE,
    *,
    output: Annotated[
        Path | None, Parameter(name=("--output", "-o"), help="Where it is written; default: standard output.")
    ] = None,
    answer: Answer = ANSWER,
) -> None:
    """Write flip NUMBER, by default the last one, as one HTML file that can be attached: it needs nothing else.

    With --json and without --output, the flip is printed as JSON. Exit statuses: 0 written, 2 no such flip is
    remembered, 7 the cluster does not answer.
    """

    async def ask() -> tuple[Flip, str]:
        async with Cluster.connect(where.access) as cluster:
            shown = await StackReader(cluster).flip(number)
            return shown.flip, pages.report(shown, cluster.namespace)

    flip, text = answer.run(ask())
    if output is None:
        answer.give(flip, lambda: sys.stdout.write(text))
        return
    try:
        output.write_text(text)
    except OSError as error:
        answer.fail(f"{output} cannot be written: {error}. The flip is reported nowhere. Next: teal report > flip.html")
    answer.give({"file": str(output), "flip": flip.number}, f"{output} has the flip now")


def ui(
    where: Where = HERE,
    *,
    port: Annotated[
        int,
        Parameter(
            validator=Number(gte=0, lte=_MOST_PORT), help="The port of 127.0.0.1 that it listens on; 0: any free one."
        ),
    ] = 0,
    prometheus: Annotated[
        str | None,
        Parameter(
            env_var="PROMETHEUS_URL",
            help="The address of the Prometheus that knows the requests; default: what the stack file names.",
        ),
    ] = None,
) -> None:
    """Show how a stack stands as a page on this machine alone, until Ctrl-C. A colour can be approved there.

    Exit statuses: 0 ended by Ctrl-C, 1 the port is taken, 2 the stack cannot be read, 7 the cluster does not answer.
    """
    gc.enable()  # it lives for long, unlike other commands
    try:
        opened = socket.create_server((server.HOST, port))
    except OSError as error:
        fail(f"port {port} of {server.HOST} cannot be had ({error.strerror}), so nothing is shown. Next: teal ui")

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            cluster = await stack.enter_async_context(Cluster.connect(where.access))
            asked = _prometheus(where, prometheus)
            metrics = await stack.enter_async_context(Prometheus.connect(asked)) if asked is not None else None
            reader, token = StackReader(cluster, metrics), secrets.token_urlsafe(32)
            await reader.look()
            say(f"http://{server.HOST}:{opened.getsockname()[1]}/?token={token}")
            say("whoever has this address can approve; without its token it only shows. Ctrl-C ends it")
            sys.stdout.flush()
            config = uvicorn.Config(
                server.application(reader, token),
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,  # pages that are open stay connected
            )
            await uvicorn.Server(config).serve(sockets=[opened])

    with opened:
        try:
            ANSWER.run(serve())
        except KeyboardInterrupt:
            return


def _prometheus(where: Where, url: str | None) -> PrometheusAccess | None:
    """Return the Prometheus to ask for requests, or None. A record of flips is no place to take an address from."""
    shown = credentials.of_environment(os.environ)
    if url:
        return PrometheusAccess(url=url, credentials=shown)
    project = None if where.namespace else pulumi_project.find(where.stack)
    if project is None or not project.file.exists():
        return None
    try:
        found = stack_file.read(project.file)
        declared = load.load(found.raw, secret=found.secret, stack=found.stack, unread=found.closed).prometheus
    except ConfigError:  # teal validate says what is wrong with it; its pods are shown all the same
        return None
    if declared is None or ENCRYPTED in declared.url:
        return None
    return replace(declared.access(), credentials=shown) if "prometheus" in found.secret else declared.access()
