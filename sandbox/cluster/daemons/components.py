"""The cluster as a list: what runs, with which flags, after what, and how one sees that it is there.

The list is computed from the sandbox alone, so the supervisor and the command line see the same one.
"""

from pathlib import Path

from sandbox.backing import postgres
from sandbox.cluster.daemons.beside import beside
from sandbox.cluster.daemons.component import Check, Component
from sandbox.cluster.environment import Sandbox
from sandbox.cluster.layout import (
    API_SERVER,
    CONTAINERD_SOCKET,
    ETCD,
    NODE_ADDRESS,
    POD_RANGE,
    SERVICE_RANGE,
    Layout,
)


def components(sandbox: Sandbox, *, python: str, archives: tuple[Path, ...] = ()) -> list[Component]:
    """Everything that runs in `sandbox`, in no particular order.

    Args:
        sandbox: whose paths and node ports are meant.
        python: the interpreter that has moto.
        archives: image archives that are loaded before pods can start.
    """
    layout = Layout(sandbox)
    pki = layout.pki
    serving = (f"--tls-cert-file={pki}/serving.crt", f"--tls-private-key-file={pki}/serving.key")
    loads = [
        Component(
            name=f"image-{number}",
            argv=("ctr", f"--address={CONTAINERD_SOCKET}", "--namespace=k8s.io", "images", "import", str(archive)),
            check=Check.EXITS,
            after=("containerd",),
        )
        for number, archive in enumerate(archives)
    ]
    cluster = [
        Component(
            name="etcd",
            argv=(
                "etcd",
                "--name=teal",
                f"--data-dir={layout.etcd}",
                f"--listen-client-urls={ETCD}",
                f"--advertise-client-urls={ETCD}",
                "--listen-peer-urls=http://127.0.0.1:2380",
                "--initial-advertise-peer-urls=http://127.0.0.1:2380",
                "--initial-cluster=teal=http://127.0.0.1:2380",
                "--unsafe-no-fsync",  # the data does not outlive the machine's memory by design
                "--logger=zap",
            ),
            check=Check.HTTP,
            target=f"{ETCD}/health",
        ),
        Component(
            name="containerd",
            argv=("containerd", f"--config={layout.config}/containerd.toml"),
            check=Check.LISTENS,
            target=str(CONTAINERD_SOCKET),
        ),
        Component(
            name="kube-apiserver",
            argv=_api_server(layout),
            check=Check.HTTP,
            target=f"{API_SERVER}/readyz",
            after=("etcd",),
        ),
        Component(
            name="kube-controller-manager",
            argv=(
                "kube-controller-manager",
                f"--kubeconfig={pki}/controller-manager.kubeconfig",
                f"--service-account-private-key-file={pki}/service-accounts.key",
                f"--root-ca-file={pki}/ca.crt",
                f"--cluster-signing-cert-file={pki}/ca.crt",
                f"--cluster-signing-key-file={pki}/ca.key",
                f"--cluster-cidr={POD_RANGE}",
                f"--service-cluster-ip-range={SERVICE_RANGE}",
                "--use-service-account-credentials=true",
                # The default, 20 a second, makes it seconds until the last controller has its token and starts.
                "--kube-api-qps=500",
                "--kube-api-burst=500",
                "--horizontal-pod-autoscaler-sync-period=2s",  # instead of 15 s: nobody here has the patience
                "--leader-elect=false",  # there is one of it
                "--bind-address=127.0.0.1",
                *serving,
            ),
            check=Check.HTTP,
            target="https://127.0.0.1:10257/healthz",
            after=("kube-apiserver",),
        ),
        Component(
            name="kube-scheduler",
            argv=(
                "kube-scheduler",
                f"--kubeconfig={pki}/scheduler.kubeconfig",
                "--leader-elect=false",
                "--bind-address=127.0.0.1",
                *serving,
            ),
            check=Check.HTTP,
            target="https://127.0.0.1:10259/healthz",
            after=("kube-apiserver",),
        ),
        Component(
            name="kubelet",
            argv=(
                "kubelet",
                f"--config={layout.config}/kubelet.yaml",
                f"--kubeconfig={pki}/kubelet.kubeconfig",
                "--root-dir=/run/kubelet",  # short: its sockets stand below it
                "--cert-dir=/run/kubelet/pki",
                f"--node-ip={NODE_ADDRESS}",
                f"--hostname-override={layout.node}",
                "--node-labels=topology.kubernetes.io/region=local,topology.kubernetes.io/zone=local-a",
            ),
            check=Check.NODE_KNOWN,
            target="http://127.0.0.1:10248/healthz",
            after=("kube-apiserver", "containerd"),
        ),
        Component(
            name="kube-proxy",
            argv=("kube-proxy", f"--config={layout.config}/kube-proxy.yaml"),
            check=Check.RULES_WRITTEN,  # /healthz says 200 before it has done anything
            target="http://127.0.0.1:10249/metrics",
            after=("kubelet",),  # without its node's address it waits half a minute
        ),
        Component(name="node", argv=(), check=Check.NODE_READY, after=("kubelet",)),
        Component(
            name="accounts",  # without its namespace's default account a pod is refused
            argv=(),
            check=Check.HTTP,
            target=f"{API_SERVER}/api/v1/namespaces/default/serviceaccounts/default",
            after=("kube-controller-manager",),
        ),
        Component(
            name="postgres",
            argv=(python, "-m", "sandbox.backing.postgres", str(layout.postgres), "127.0.0.1", NODE_ADDRESS),
            check=Check.LISTENS,
            target=str(postgres.SOCKETS / f".s.PGSQL.{postgres.PORT}"),
            after=("node",),  # making a database takes a processor for a second: not while the cluster starts
            awaited=False,  # most rehearsals migrate nothing
        ),
        *loads,
    ]
    return [*cluster, *beside(layout, python, serving, tuple(each.name for each in cluster if each.awaited))]


def _api_server(layout: Layout) -> tuple[str, ...]:
    pki = layout.pki
    first, last = layout.sandbox.ports
    return (
        "kube-apiserver",
        f"--etcd-servers={ETCD}",
        f"--advertise-address={NODE_ADDRESS}",
        "--secure-port=6443",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--service-node-port-range={first}-{last}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki}/service-accounts.pub",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",  # the node's name resolves nowhere
        # Aggregation, for metrics-server.
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={pki}/front-proxy-client.crt",
        f"--proxy-client-key-file={pki}/front-proxy-client.key",
    )
