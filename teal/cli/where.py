"""Finds which stack a command is about: one of a Pulumi project, or a namespace of a cluster by its name."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from cyclopts import Parameter

from teal.adapters import pulumi_project
from teal.adapters.kubernetes.access import ClusterAccess
from teal.adapters.pulumi_project import NAMESPACE
from teal.cli.say import fail
from teal.model.errors import TealError

_T = TypeVar("_T")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """A stack, or a namespace in a cluster."""

    stack: Annotated[
        str | None,
        Parameter(name=("--stack", "-s"), help="Of the Pulumi project here; default: the one that Pulumi has chosen."),
    ] = None
    namespace: Annotated[
        str | None,
        Parameter(env_var="TEAL_NAMESPACE", help="In place of a stack: its namespace (teal:namespace)."),
    ] = None
    kubeconfig: Annotated[
        str | None, Parameter(help="Default: the stack's, KUBECONFIG, ~/.kube/config, or the pod's account.")
    ] = None
    context: Annotated[str | None, Parameter(help="A context in it; default: the stack's, or its current one.")] = None

    @property
    def access(self) -> ClusterAccess:
        """The access to the stack's cluster, as the adapters take it.

        Raises:
            TealError: the stack that was named is not there, or a file of the project cannot be read.
        """
        project = None if self.namespace else pulumi_project.find(self.stack)
        known = project.access if project else ClusterAccess(namespace=NAMESPACE)
        return ClusterAccess(
            namespace=self.namespace or known.namespace,
            kubeconfig=self.kubeconfig or known.kubeconfig,
            context=self.context or (None if self.kubeconfig else known.context),
        )


Stack = Annotated[str | None, Parameter(name=("--stack", "-s"), help="Default: the one that Pulumi has chosen here.")]
Yes = Annotated[bool, Parameter(name=("--yes", "-y"), env_var="TEAL_YES", negative="", help="Do not ask.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
Quietly = Annotated[bool, Parameter(name=("--quiet", "-q"), negative="", help="Print nothing but what went wrong.")]
HERE = Where()


def run(asked: Coroutine[Any, Any, _T]) -> _T:
    """Run a command's work and return what it returns; where it fails, say why and end the command."""
    try:
        return asyncio.run(asked)
    except TealError as error:
        fail(error)
