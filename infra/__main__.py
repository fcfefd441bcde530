"""teal, as `pulumi up` runs it: read the config, read what is live, refuse what is unexplained, declare the rest."""

import sys

import pulumi

from infra import config, live, rules, schema
from infra.program import provision
from teal.errors import TealError
from teal.kube import ClusterAccess

try:
    settings = config.from_stack()
    provider = pulumi.Config("kubernetes")
    cluster = ClusterAccess(
        namespace=settings.namespace, kubeconfig=provider.get("kubeconfig"), context=provider.get("context")
    )
    found = live.read(cluster, settings.services)
    live.require_explained(found, settings)
    rules.require_safe(settings, found)
    schemas = schema.plans(settings, found)
except TealError as error:
    # One clear message instead of a traceback: nothing has been declared, so nothing was changed.
    pulumi.log.error(str(error))
    sys.exit(1)

provision(settings, found, cluster, schemas)
