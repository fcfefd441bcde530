"""Makes the TLS contexts by which the certificates of servers are verified, or not."""

import ssl
from functools import cache

import httpx2


@cache
def authorities() -> ssl.SSLContext:
    """Return a TLS context that trusts the certificates of the usual authorities.

    Reading these authorities takes about 0.1 s and blocks the event loop, so they are read once: a bake asks twenty
    times a second.
    """
    return httpx2.create_ssl_context(trust_env=False)


def anything() -> ssl.SSLContext:
    """Return a TLS context that trusts any certificate, as the kubelet and the API server do where they ask a pod."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
