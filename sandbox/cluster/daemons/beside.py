"""What runs beside the cluster, and what no start of it waits for: metrics, Prometheus, and a stand-in for AWS."""

from collections.abc import Sequence
from pathlib import Path

from sandbox import aws
from sandbox.cluster.daemons.component import Check, Component
from sandbox.cluster.layout import METRICS_PORT, MOTO_PORT, NODE_ADDRESS, PROMETHEUS_PORT, Layout

_PROMETHEUS = f"http://127.0.0.1:{PROMETHEUS_PORT}"


def beside(layout: Layout, python: str, serving: Sequence[str], after: tuple[str, ...]) -> list[Component]:
    """What is started once the components `after` are there.

    Args:
        layout: whose paths are meant.
        python: the interpreter that has moto.
        serving: the flags by which a daemon of Kubernetes finds its certificate.
        after: the components that have to be there first. Autoscalers and gates ask again until there are metrics.
    """
    metrics = _metrics(layout, serving, after) if (layout.bin / "metrics-server").exists() else []
    return [*metrics, *_prometheus(layout, python, after), *_aws(layout, python, after)]


def _aws(layout: Layout, python: str, after: tuple[str, ...]) -> list[Component]:
    """A stand-in for AWS that most rehearsals do not touch; it takes seconds to import."""
    ready = f"http://127.0.0.1:{MOTO_PORT}/moto-api/"
    kind = f"--filename={Path(aws.__file__).parent}/kind.yaml"
    return [
        Component(
            name="moto",
            argv=(python, "-m", "sandbox.aws", "127.0.0.1", str(MOTO_PORT), "/run/aws"),  # with a socket: a short path
            check=Check.HTTP,
            target=ready,
            after=after,
            awaited=False,
        ),
        Component(
            name="target-group-binding-kind",
            argv=("kubectl", f"--kubeconfig={layout.pki}/admin.kubeconfig", "apply", kind),
            check=Check.EXITS,
            after=after,
            awaited=False,
        ),
        Component(
            name="target-group-binding",
            argv=(python, "-m", "sandbox.aws.binding"),
            check=Check.HTTP,
            target=ready,  # it listens nowhere
            after=("moto", "target-group-binding-kind"),
            awaited=False,
        ),
    ]


def _prometheus(layout: Layout, python: str, after: tuple[str, ...]) -> list[Component]:
    ready = f"{_PROMETHEUS}/-/ready"
    return [
        Component(
            name="prometheus",
            argv=(
                "prometheus",
                f"--config.file={layout.config}/prometheus.yaml",
                f"--storage.tsdb.path={layout.prometheus}",
                "--storage.tsdb.retention.time=2h",
                "--web.enable-lifecycle",  # to be told of new rules
                # For the update on loopback, and for the watch's pods on the node's address.
                *(f"--web.listen-address={address}:{PROMETHEUS_PORT}" for address in ("127.0.0.1", NODE_ADDRESS)),
            ),
            check=Check.HTTP,
            target=ready,
            after=after,
            awaited=False,
        ),
        Component(
            name="prometheus-rules",
            argv=(
                *(python, "-m", "sandbox.prometheus.rules"),
                *(f"{layout.config}/rules", _PROMETHEUS, f"{layout.pki}/admin.kubeconfig"),
            ),
            check=Check.HTTP,
            target=ready,  # it listens nowhere
            after=("prometheus",),
            awaited=False,
        ),
    ]


def _metrics(layout: Layout, serving: Sequence[str], after: tuple[str, ...]) -> list[Component]:
    administrator = f"kubeconfig={layout.pki}/admin.kubeconfig"
    return [
        Component(
            name="metrics-server",
            argv=(
                "metrics-server",
                # The administrator's rights: which ones it needs in a real cluster is its own manifest's to say.
                *(f"--{use}{administrator}" for use in ("", "authentication-", "authorization-")),
                "--bind-address=127.0.0.1",
                f"--secure-port={METRICS_PORT}",
                *serving,
                "--kubelet-preferred-address-types=InternalIP",
                f"--kubelet-certificate-authority={layout.pki}/ca.crt",
                "--metric-resolution=10s",  # it takes no less
                "--kubelet-request-timeout=5s",  # it exits if that is not well below the resolution
            ),
            check=Check.HTTP,
            target=f"https://127.0.0.1:{METRICS_PORT}/livez",  # /readyz wants to have looked at a pod twice
            after=after,
            awaited=False,
        ),
        Component(
            name="metrics-api",
            argv=("kubectl", f"--{administrator}", "apply", f"--filename={layout.config}/metrics-api.yaml"),
            check=Check.EXITS,
            after=("metrics-server",),  # an API that is registered and does not answer holds up discovery
            awaited=False,
        ),
    ]
