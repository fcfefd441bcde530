"""The cluster's certificates and kubeconfigs: made anew at every start, from three authorities of our own.

What each daemon must be called is Kubernetes' own convention: "PKI certificates and requirements" and "Using RBAC
Authorization" (default roles) in its documentation. Nothing here is good for a cluster that outlives a rehearsal:
keys stand unencrypted in the sandbox's folder.
"""

import datetime as dt
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = dt.timedelta(days=30)  # a sandbox lives for hours; a clock that is off by minutes must not matter
_CLOCK_SKEW = dt.timedelta(hours=1)


@dataclass(frozen=True)
class _Identity:
    """A key with its certificate; an authority if it signed itself."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def write(self, folder: Path, name: str) -> None:
        (folder / f"{name}.crt").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        _write_key(folder / f"{name}.key", self.key)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _issue(
    common_name: str,
    *,
    organisation: str | None = None,
    names: Sequence[str] = (),
    addresses: Sequence[str] = (),
    signer: _Identity | None = None,
) -> _Identity:
    """A certificate that serves and identifies alike; an authority when there is no `signer`."""
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    subject = x509.Name(attributes)
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
    )
    if signer:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return _Identity(key, builder.sign(signer.key if signer else key, hashes.SHA256()))


def write_certificates(folder: Path, *, node: str, node_address: str, service_address: str, server: str) -> None:
    """Write every key, certificate and kubeconfig the cluster's daemons and its administrator need into `folder`.

    Args:
        folder: made here, readable by its owner alone.
        node: the node's name, part of the kubelet's identity.
        node_address: what the API server and the kubelet are reached by, beside loopback.
        service_address: the first address of the service range, where pods find the API server.
        server: the API server's URL, as the kubeconfigs say it.
    """
    folder.mkdir(parents=True, mode=0o700)
    authority = _issue("teal-sandbox")
    authority.write(folder, "ca")
    front_proxy = _issue("teal-sandbox-front-proxy")
    front_proxy.write(folder, "front-proxy-ca")
    _issue("front-proxy-client", signer=front_proxy).write(folder, "front-proxy-client")
    kubernetes = "kubernetes.default.svc.cluster.local"
    _issue(
        "kube-apiserver",
        names=["localhost", *(kubernetes.rsplit(".", cut)[0] for cut in range(5))],
        addresses=["127.0.0.1", node_address, service_address],
        signer=authority,
    ).write(folder, "apiserver")
    _issue(node, names=[node], addresses=[node_address, "127.0.0.1"], signer=authority).write(folder, "serving")
    _issue("kube-apiserver-kubelet-client", organisation="system:masters", signer=authority).write(
        folder,
        "apiserver-kubelet-client",
    )
    users = {
        "admin": ("admin", "system:masters"),
        "controller-manager": ("system:kube-controller-manager", None),
        "scheduler": ("system:kube-scheduler", None),
        "proxy": ("system:kube-proxy", None),
        "kubelet": (f"system:node:{node}", "system:nodes"),
    }
    for name, (common_name, organisation) in users.items():
        _issue(common_name, organisation=organisation, signer=authority).write(folder, name)
        _write_kubeconfig(folder, name, server)
    service_accounts = ec.generate_private_key(ec.SECP256R1())
    _write_key(folder / "service-accounts.key", service_accounts)
    (folder / "service-accounts.pub").write_bytes(
        service_accounts.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        ),
    )


def _write_kubeconfig(folder: Path, user: str, server: str) -> None:
    """A kubeconfig that names the files beside it, so that it works wherever the folder is seen."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "teal-sandbox",
        "clusters": [
            {"name": "teal-sandbox", "cluster": {"server": server, "certificate-authority": str(folder / "ca.crt")}},
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate": str(folder / f"{user}.crt"),
                    "client-key": str(folder / f"{user}.key"),
                },
            },
        ],
        "contexts": [{"name": "teal-sandbox", "context": {"cluster": "teal-sandbox", "user": user}}],
    }
    path = folder / f"{user}.kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2))
