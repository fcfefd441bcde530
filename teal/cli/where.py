"""Finds which stack a command is about: one of a Pulumi project, or a namespace of a cluster by its name."""

import shlex
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from teal.adapters import pulumi_project
from teal.adapters.kubernetes.access import ClusterAccess
from teal.model.errors import NotThereError


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """A stack, or a namespace in a cluster."""

    stack: Annotated[
        str | None,
        Parameter(
            name=("--stack", "-s"), help="A stack of the Pulumi project here; default: the one that Pulumi has chosen."
        ),
    ] = None
    namespace: Annotated[
        str | None,
        Parameter(env_var="TEAL_NAMESPACE", help="In place of a stack: its namespace (teal:namespace)."),
    ] = None
    kubeconfig: Annotated[
        str | None,
        Parameter(help="The kubeconfig; default: the stack's, KUBECONFIG, ~/.kube/config, or the pod's account."),
    ] = None
    context: Annotated[str | None, Parameter(help="The context in it; default: the stack's, or its current one.")] = (
        None
    )

    @property
    def access(self) -> ClusterAccess:
        """The access to the stack's cluster, as the adapters take it.

        Raises:
            TealError: no stack and no namespace is named, the stack has no file, or a file of the project cannot be
                read.
        """
        if self.namespace:
            return ClusterAccess(namespace=self.namespace, kubeconfig=self.kubeconfig, context=self.context)
        try:
            known = pulumi_project.require(self.stack).access
        except NotThereError as error:
            raise NotThereError(f"{error}; outside of a project, --namespace NAMESPACE") from None
        return ClusterAccess(
            namespace=known.namespace,
            kubeconfig=self.kubeconfig or known.kubeconfig,
            context=self.context or (None if self.kubeconfig else known.context),
        )

    @property
    def typed(self) -> str:
        """The options as they are typed, each after a blank, for the command to run next."""
        given = {each: getattr(self, each) for each in ("stack", "namespace", "kubeconfig", "context")}
        return "".join(f" --{name} {shlex.quote(value)}" for name, value in given.items() if value)


Stack = Annotated[
    str | None, Parameter(name=("--stack", "-s"), help="The stack; default: the one that Pulumi has chosen here.")
]
HERE = Where()
