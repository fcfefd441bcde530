"""A certificate that no authority has signed."""

import datetime as dt
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def self_signed() -> tuple[bytes, bytes]:
    """A certificate of `shop.example`, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return certificate, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def serving_tls(folder: Path) -> ssl.SSLContext:
    """What a server needs to speak TLS with such a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for name, content in zip(("crt", "key"), self_signed(), strict=True):
        (folder / name).write_bytes(content)
    context.load_cert_chain(folder / "crt", folder / "key")
    return context
