"""The cluster's identities: who signed whom, and by which names each is known."""

import ipaddress
import json
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from sandbox.cluster.daemons.certificates import write_certificates


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of a cluster."""
    folder = tmp_path_factory.mktemp("certificates") / "pki"
    write_certificates(
        folder,
        node="teal-a",
        node_address="192.0.2.10",
        service_address="10.96.0.1",
        server="https://127.0.0.1:6443",
    )
    return folder


def _read(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())


def test_the_cluster_and_its_front_proxy_have_authorities_of_their_own(folder: Path) -> None:
    """A certificate for the front proxy must not pass for a user's: that would be impersonation."""
    _read(folder, "admin").verify_directly_issued_by(_read(folder, "ca"))
    _read(folder, "front-proxy-client").verify_directly_issued_by(_read(folder, "front-proxy-ca"))
    with pytest.raises(ValueError, match="Issuer"):
        _read(folder, "front-proxy-client").verify_directly_issued_by(_read(folder, "ca"))


def test_the_api_server_is_known_by_every_address_it_is_called_by(folder: Path) -> None:
    """Loopback for its users, the node's address for the kubelet, the Service's for pods."""
    names = _read(folder, "apiserver").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(a) for a in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "192.0.2.10", "10.96.0.1"}
    assert "kubernetes.default.svc" in names.get_values_for_type(x509.DNSName)
    assert ipaddress.ip_address("127.0.0.1") in names.get_values_for_type(x509.IPAddress)


@pytest.mark.parametrize(
    ("name", "user", "group"),
    [
        ("admin", "admin", "system:masters"),
        ("kubelet", "system:node:teal-a", "system:nodes"),
        ("proxy", "system:kube-proxy", None),
        ("scheduler", "system:kube-scheduler", None),
        ("controller-manager", "system:kube-controller-manager", None),
    ],
)
def test_each_daemon_is_called_what_kubernetes_gives_rights_to(
    folder: Path, name: str, user: str, group: str | None
) -> None:
    """The default cluster roles are bound to these very names."""
    subject = _read(folder, name).subject
    assert [a.value for a in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == [user]
    assert [a.value for a in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ([group] if group else [])


def test_keys_are_readable_by_their_owner_alone(folder: Path) -> None:
    """The administrator's key is on disk in clear."""
    keys = sorted(folder.glob("*.key"))
    assert keys
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_a_kubeconfig_names_files_that_are_there(folder: Path) -> None:
    """It is used from any folder, so its paths are absolute."""
    config = json.loads((folder / "admin.kubeconfig").read_text())
    user, cluster = config["users"][0]["user"], config["clusters"][0]["cluster"]
    for path in (user["client-certificate"], user["client-key"], cluster["certificate-authority"]):
        assert Path(path).is_absolute()
        assert Path(path).is_file()
