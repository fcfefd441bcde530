"""teal, as `pulumi up` runs it: read the config, read what is live, say the plan, refuse what is unsafe, declare it."""

# ruff: noqa: E402 - see `gc.disable`
import gc
import sys

gc.disable()  # the SDKs' imports make 250,000 objects, none of them garbage: looking for it is a quarter of their time

import pulumi

from infra import config, live, plan, schema
from infra.program import provision
from teal.errors import TealError
from teal.kube import ClusterAccess
from teal.plans.model import Word

try:
    settings = config.from_stack()
    provider = pulumi.Config("kubernetes")
    cluster = ClusterAccess(
        namespace=settings.namespace, kubeconfig=provider.get("kubeconfig"), context=provider.get("context")
    )
    found = live.read(cluster, settings.services, settings.router)
    planned = plan.make(settings, found)
    if pulumi.runtime.is_dry_run():
        plan.tell(planned)
        plan.write(planned)
    judged = [plan.declare(planned)] if pulumi.runtime.is_dry_run() or planned.word is not Word.UNSAFE else []
    plan.require_safe(planned)
    schemas = schema.plans(settings, found)
except TealError as error:
    # One clear message instead of a traceback: nothing has been declared, so nothing was changed.
    pulumi.log.error(str(error))
    sys.exit(1)

provision(settings, found, cluster, schemas, judged)
gc.freeze()
gc.enable()  # a bake may take minutes
