"""Configuration files: what the daemons are told in files rather than flags, and the API server by an object.

Each setting that is not a plain path or address has the reason beside it. Kubernetes reads JSON as YAML.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from sandbox.cluster.layout import CONTAINERD_SOCKET, METRICS_PORT, NODE_ADDRESS, PAUSE_IMAGE, POD_RANGE, Layout

CNI_PLUGINS = Path("/usr/lib/cni")  # where Debian's containernetworking-plugins puts them


def write_configuration(layout: Layout) -> None:
    """Write every configuration file below `layout.config`."""
    folder = layout.config
    (folder / "cni").mkdir(parents=True)
    _write(folder / "cni" / "10-teal.conflist", cni())
    _write(folder / "kubelet.yaml", kubelet(layout))
    _write(folder / "kube-proxy.yaml", kube_proxy(layout))
    _write(folder / "metrics-api.yaml", metrics_api())
    _write(folder / "prometheus.yaml", prometheus(layout))
    (folder / "rules").mkdir()
    (folder / "containerd.toml").write_text(containerd(layout))
    (folder / "resolv.conf").write_text("# no name server: the sandbox has no cluster DNS\n")


def _write(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2))


def kubelet(layout: Layout) -> dict[str, object]:
    """The kubelet's configuration (`KubeletConfiguration`, kubelet.config.k8s.io/v1beta1)."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(layout.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(layout.pki / "serving.crt"),
        "tlsPrivateKeyFile": str(layout.pki / "serving.key"),
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": layout.cgroup,
        "podLogsDir": str(layout.logs / "pods"),
        "volumePluginDir": "/run/kubelet/plugins",  # the default is below /usr, which is the host's
        "resolvConf": str(layout.config / "resolv.conf"),
        "failSwapOn": False,
        "oomScoreAdj": 0,  # lowering it takes CAP_SYS_RESOURCE
        "serializeImagePulls": False,
        "imageGCHighThresholdPercent": 100,  # images are loaded, not pulled: one that is collected is gone
        # The disk and the memory are the host's and shared: only what would truly stop pods may evict them.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%"},
    }


def kube_proxy(layout: Layout) -> dict[str, object]:
    """kube-proxy's configuration (`KubeProxyConfiguration`, kubeproxy.config.k8s.io/v1alpha1)."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(layout.pki / "proxy.kubeconfig")},
        "hostnameOverride": layout.node,
        "bindAddress": NODE_ADDRESS,
        "clusterCIDR": POD_RANGE,
        "mode": "iptables",
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "oomScoreAdj": 0,
        # Default 1 s; 0 means the default. A rehearsal flips more often than a real cluster does.
        "iptables": {"localhostNodePorts": True, "minSyncPeriod": "100ms"},
        # The table's size belongs to the host: a network namespace of ours cannot and must not set it.
        "conntrack": {"maxPerCore": 0},
    }


def metrics_api() -> dict[str, object]:
    """What makes the API server ask metrics-server: an APIService, and a Service that leads to it without a pod.

    The API server follows an external name as long as it is not told to go to endpoints (--enable-aggregator-routing).
    """
    name = {"name": "metrics-server", "namespace": "kube-system"}
    service = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": METRICS_PORT}]}
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "Service", "metadata": name, "spec": service},
            {
                "apiVersion": "apiregistration.k8s.io/v1",
                "kind": "APIService",
                "metadata": {"name": "v1beta1.metrics.k8s.io"},
                "spec": {
                    "group": "metrics.k8s.io",
                    "version": "v1beta1",
                    "groupPriorityMinimum": 100,
                    "versionPriority": 100,
                    "service": name | {"port": METRICS_PORT},
                    "insecureSkipTLSVerify": True,  # as metrics-server's own manifest has it; and this is loopback
                },
            },
        ],
    }


def prometheus(layout: Layout) -> dict[str, object]:
    """Prometheus' configuration: pods that ask for it by annotation, in every namespace, and the rules that come."""
    annotation = "__meta_kubernetes_pod_annotation_prometheus_io"
    access = {"kubeconfig_file": str(layout.pki / "admin.kubeconfig")}
    relabel = [
        {"source_labels": [f"{annotation}_scrape"], "regex": "true", "action": "keep"},
        {"source_labels": ["__meta_kubernetes_pod_phase"], "regex": "Running", "action": "keep"},
        {"source_labels": [f"{annotation}_path"], "regex": "(.+)", "target_label": "__metrics_path__"},
        {"source_labels": [f"{annotation}_scheme"], "regex": "(https?)", "target_label": "__scheme__"},
        {
            "source_labels": ["__meta_kubernetes_pod_ip", f"{annotation}_port"],
            "regex": "(.+);(.+)",
            "replacement": "$1:$2",
            "target_label": "__address__",
        },
        {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
        {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
    ]
    return {
        # A second instead of a minute: a rehearsal's bake takes seconds.
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{layout.config}/rules/*.yaml"],
        "scrape_configs": [
            {
                "job_name": "pods",
                "kubernetes_sd_configs": [{"role": "pod", **access}],
                "tls_config": {"insecure_skip_verify": True},
                "relabel_configs": relabel,
            }
        ],
    }


def cni() -> dict[str, object]:
    """The pods' network: a bridge in the sandbox's namespace; state stays on the private /run."""
    return {
        "cniVersion": "0.4.0",
        "name": "teal",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "hairpinMode": True,  # a pod must reach itself through its Service
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni/networks",
                    "ranges": [[{"subnet": POD_RANGE}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def containerd(layout: Layout) -> str:
    """Containerd's configuration (version 2, for 1.6 and 1.7)."""
    # A JSON string is a TOML basic string: same quotes, same escapes.
    return f"""\
version = 2
root = {json.dumps(str(layout.containerd))}
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
  address = "{CONTAINERD_SOCKET}"

# The default is made below /opt, which is the host's.
[plugins."io.containerd.internal.v1.opt"]
  path = "/run/containerd/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE no score can be lowered, and runc dies of it
  # ("can't get final child's PID from pipe").
  restrict_oom_score_adj = true
  # A profile would be loaded into the host's kernel, and stay there.
  disable_apparmor = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PLUGINS}"
    conf_dir = {json.dumps(str(layout.config / "cni"))}

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""
