"""How the certificate of a server that is asked over TLS is judged."""

import ssl
from functools import cache

import httpx2


@cache
def authorities() -> ssl.SSLContext:
    """Return what believes the certificates that the usual authorities have signed.

    Reading these authorities takes about 0.1 s and blocks the event loop, so they are read once: a bake asks twenty
    times a second.
    """
    return httpx2.create_ssl_context(trust_env=False)


def anything() -> ssl.SSLContext:
    """Return what believes any certificate, as the kubelet and the API server do where they ask a pod."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
