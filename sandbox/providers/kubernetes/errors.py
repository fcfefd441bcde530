"""What can go wrong between the provider and a cluster.

KubernetesError
├── ConfigurationError    no usable kubeconfig
├── UnreachableError      no answer from the API server
├── UnknownKindError      the API server does not serve this kind
├── RefusedError          a request this provider refuses to make
├── NotReadyError         the object exists, but did not become ready
└── ApiError              the API server answered, and said no
    ├── NotFoundError     404
    ├── ConflictError     409
    └── GoneError         410: a watch must start anew
"""

from sandbox.providers.properties import Map, is_list, is_map


class KubernetesError(Exception):
    """Any failure this provider reports; its text is what the user reads."""


class ConfigurationError(KubernetesError):
    """No usable kubeconfig."""


class UnreachableError(KubernetesError):
    """The API server gave no answer within the time allowed for retries. `wrote`: a write may have arrived."""

    def __init__(self, message: str, *, wrote: bool) -> None:
        """Say whether a write may have arrived."""
        super().__init__(message)
        self.wrote = wrote


class UnknownKindError(KubernetesError):
    """The API server does not serve this kind (its CustomResourceDefinition may be missing)."""


class RefusedError(KubernetesError):
    """A request this provider refuses to make."""


class NotReadyError(KubernetesError):
    """The object exists but did not become ready (or did not go away). `live` is its last known state."""

    def __init__(self, message: str, *, live: Map, reasons: list[str]) -> None:
        """Keep what the engine records: the object as it is, and why it is not ready."""
        super().__init__(message)
        self.live = live
        self.reasons = reasons


class ApiError(KubernetesError):
    """The API server's own answer: a `Status` object."""

    def __init__(self, code: int, status: Map) -> None:
        """Take the HTTP status code and the body of the answer."""
        super().__init__(str(status.get("message") or f"HTTP status {code}"))
        self.code = code
        self.reason = str(status.get("reason", ""))
        details = status.get("details")
        causes = details.get("causes") if is_map(details) else None
        self.causes: list[Map] = [cause for cause in causes if is_map(cause)] if is_list(causes) else []

    @staticmethod
    def of(code: int, status: Map) -> "ApiError":
        """Build the exception of the class that fits the HTTP status code."""
        return {404: NotFoundError, 409: ConflictError, 410: GoneError}.get(code, ApiError)(code, status)


class NotFoundError(ApiError):
    """404."""


class ConflictError(ApiError):
    """409: fields owned by another manager, or another object than the one meant."""


class GoneError(ApiError):
    """410."""
