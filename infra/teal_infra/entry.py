"""One run of the program: reads the config and what is live, tells the plan, refuses what is unsafe, declares."""

import os
import signal
import sys

import pulumi

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.model.errors import TealError, UnreachableError
from teal.plans.model import Word
from teal_infra.hooks import place
from teal_infra.planning import ending, live, plan, schema
from teal_infra.program import provision
from teal_infra.settings import load


def declare() -> None:
    """Declare the stack, as described at `teal_infra.run`."""
    try:
        settings = load.from_stack()
        provider = pulumi.Config("kubernetes")
        cluster = ClusterAccess(
            namespace=settings.namespace, kubeconfig=provider.get("kubeconfig"), context=provider.get("context")
        )
        found = live.read(cluster, settings)
        if ended := ending.ended(settings, found):
            settings = ended.settings
            pulumi.log.info(ended.said)
        planned = plan.make(settings, found)
        if pulumi.runtime.is_dry_run():
            plan.tell(planned, settings)
            plan.write(planned)
        told = pulumi.runtime.is_dry_run() or planned.word is not Word.UNSAFE
        judged = [plan.declare(planned, place.hooks(settings, cluster, found))] if told else []
        plan.require_safe(planned)
        schemas = schema.plans(settings, found)
    except TealError as error:
        # One clear message instead of a traceback. Whoever could not ask cannot know that nothing has been declared
        # yet.
        known = (
            ". This update had declared nothing yet, so nothing was changed."
            if isinstance(error, UnreachableError)
            else ""
        )
        pulumi.log.error(f"{error}{known}")
        sys.exit(1)

    provision(settings, found, cluster, schemas, judged)
    # Where an update fails, Pulumi's language host interrupts the program, whose end nobody reads: the traceback of
    # Pulumi's SDK would hide the reason.
    signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(128 + signal.SIGINT))
