"""Pulumi's passphrase secrets: a key from a passphrase and a salt, values sealed with it.

Format (Pulumi's `pkg/secrets/passphrase` and `sdk/go/common/resource/config/crypt.go`): a value is
`v1:<base64 nonce>:<base64 ciphertext and tag>` under AES-256-GCM; the key is PBKDF2-HMAC-SHA256 of the passphrase
with 1,000,000 iterations; the salt text `v1:<base64 salt>:<value>` carries the sealed word `pulumi`, by which a wrong
passphrase is noticed. No other secrets provider (cloud keys, Pulumi's service) is known here.
"""

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sandbox.engine.errors import SecretsError

_ITERATIONS = 1_000_000
_PROOF = "pulumi"
_NEXT = "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"


@lru_cache
def _cipher(phrase: str, salt: bytes) -> AESGCM:
    # Takes about 0.3 s: once per process and passphrase, and only when a secret is touched.
    return AESGCM(hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, _ITERATIONS, dklen=32))


def _seal(cipher: AESGCM, plaintext: str) -> str:
    nonce = os.urandom(12)
    parts = (nonce, cipher.encrypt(nonce, plaintext.encode(), None))
    return ":".join(["v1", *(base64.b64encode(part).decode() for part in parts)])


def _unseal(cipher: AESGCM, ciphertext: str) -> str:
    version, _, rest = ciphertext.partition(":")
    nonce, _, sealed = rest.partition(":")
    if version != "v1":
        raise ValueError("unknown version")
    opened = cipher.decrypt(base64.b64decode(nonce, validate=True), base64.b64decode(sealed, validate=True), None)
    return opened.decode()


@dataclass(frozen=True)
class Crypter:
    """Encrypts and decrypts with the key of one salt and one passphrase; the key is derived on first use.

    `passphrase` is None where the environment names none: then only what touches a secret fails.
    """

    salt: str
    passphrase: str | None

    def encrypt(self, plaintext: str) -> str:
        """Seal a text; two calls give two different ciphertexts.

        Raises:
            SecretsError: no passphrase is set or it is not the one of the salt.
        """
        return _seal(self._opened(), plaintext)

    def decrypt(self, ciphertext: str) -> str:
        """Open a sealed text.

        Raises:
            SecretsError: no passphrase is set, it is not the one of the salt, or the text was not sealed with it.
        """
        try:
            return _unseal(self._opened(), ciphertext)
        except (InvalidTag, ValueError) as error:
            raise SecretsError(
                f"cannot decrypt the value '{ciphertext[:12]}…' ({error or 'it was sealed with another key'}): it does "
                "not belong to this stack's encryptionsalt. Set the value again with `pulumi config set --secret`."
            ) from error

    def _opened(self) -> AESGCM:
        if self.passphrase is None:
            raise SecretsError(f"passphrase must be set to read or write this stack's secrets: {_NEXT}")
        version, _, rest = self.salt.partition(":")
        salt, _, proof = rest.partition(":")
        if version != "v1" or not proof:
            raise SecretsError(
                f"encryptionsalt '{self.salt}' is not of the form v1:<salt>:v1:<nonce>:<ciphertext>: no secret of this "
                "stack can be read. Restore the line from version control."
            )
        try:
            cipher = _cipher(self.passphrase, base64.b64decode(salt, validate=True))
            _unseal(cipher, proof)
        except (InvalidTag, ValueError) as error:
            raise SecretsError(
                "incorrect passphrase: it does not open this stack's encryptionsalt, so none of its secrets can be "
                f"read and nothing was changed. To go on, {_NEXT} to the one the stack was made with."
            ) from error
        return cipher


def passphrase(environ: Mapping[str, str]) -> str | None:
    """Tell the passphrase the environment names, or None; an empty PULUMI_CONFIG_PASSPHRASE is a passphrase.

    Raises:
        SecretsError: PULUMI_CONFIG_PASSPHRASE_FILE names a file that cannot be read.
    """
    if "PULUMI_CONFIG_PASSPHRASE" in environ:
        return environ["PULUMI_CONFIG_PASSPHRASE"]
    file = environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise SecretsError(
            f"unable to read PULUMI_CONFIG_PASSPHRASE_FILE '{file}': {error.strerror}. No secret can be read; {_NEXT}."
        ) from error


def open_crypter(salt: str | None, environ: Mapping[str, str]) -> tuple[Crypter, str]:
    """Open the crypter of a salt text, or make a new salt where there is none; return it with its salt text.

    Opening an existing salt costs nothing and proves nothing yet; making one derives a key (about 0.3 s).

    Raises:
        SecretsError: a new salt is to be made and no passphrase is set.
    """
    phrase = passphrase(environ)
    if salt is None:
        if phrase is None:
            raise SecretsError(f"passphrase must be set before this stack can keep secrets: {_NEXT}")
        raw = os.urandom(8)
        salt = f"v1:{base64.b64encode(raw).decode()}:{_seal(_cipher(phrase, raw), _PROOF)}"
    return Crypter(salt, phrase), salt
