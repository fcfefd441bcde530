"""A secret can be read with the passphrase it was made with, by us and by Pulumi, and with nothing else."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.engine.errors import SecretsError
from sandbox.engine.secrets import Crypter, open_crypter, passphrase
from tests.unit.engine_backend.conftest import SALT


def test_pulumis_own_salt_opens_with_its_passphrase() -> None:
    """The key and the sealing are Pulumi's: its published test vector holds the word it has to hold."""
    sealed_word = SALT.split(":", 2)[2]
    assert Crypter(SALT, "password").decrypt(sealed_word) == "pulumi"


@settings(deadline=None)  # the first example derives the key
@given(st.text())
def test_what_is_sealed_opens_to_the_same_text(plaintext: str) -> None:
    """Any text survives, and its ciphertext is another one each time."""
    crypter = Crypter(SALT, "password")
    sealed = crypter.encrypt(plaintext)
    assert crypter.decrypt(sealed) == plaintext
    assert sealed != crypter.encrypt(plaintext)


def test_a_wrong_passphrase_is_named_as_such() -> None:
    """Not a padding error: the message says the passphrase is wrong and what to set."""
    with pytest.raises(SecretsError, match=r"incorrect passphrase.*PULUMI_CONFIG_PASSPHRASE"):
        Crypter(SALT, "another").encrypt("x")


def test_a_missing_passphrase_fails_only_what_needs_it() -> None:
    """Opening is free; only touching a secret asks for the passphrase."""
    crypter, _ = open_crypter(SALT, {})
    with pytest.raises(SecretsError, match="passphrase must be set"):
        crypter.decrypt("v1:a:b")


@pytest.mark.parametrize("salt", ["", "v1:", "v2:a:v1:b:c", "fozI5u6B030=:v1:x"])
def test_a_mangled_salt_is_shown(salt: str) -> None:
    """A salt that is none is quoted, as somebody has edited it."""
    with pytest.raises(SecretsError, match=f"encryptionsalt '{salt}'"):
        Crypter(salt, "password").encrypt("x")


@pytest.mark.parametrize("value", ["plain", "v2:a:b", "v1:%%%:b", "v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA"])
def test_a_value_of_another_key_is_refused(crypter: Crypter, value: str) -> None:
    """What was not sealed with this key is an error with the next command, never a wrong value."""
    with pytest.raises(SecretsError, match=r"cannot decrypt.*config set --secret"):
        crypter.decrypt(value)


def test_a_new_salt_opens_what_it_sealed_and_nothing_else() -> None:
    """A salt made here works for another process with the same passphrase only."""
    crypter, salt = open_crypter(None, {"PULUMI_CONFIG_PASSPHRASE": ""})
    sealed = crypter.encrypt("value")
    assert open_crypter(salt, {"PULUMI_CONFIG_PASSPHRASE": ""})[0].decrypt(sealed) == "value"
    with pytest.raises(SecretsError, match="incorrect passphrase"):
        open_crypter(salt, {"PULUMI_CONFIG_PASSPHRASE": " "})[0].decrypt(sealed)


def test_no_salt_is_made_without_a_passphrase() -> None:
    """A stack's secrets never get an accidental empty passphrase."""
    with pytest.raises(SecretsError, match="passphrase must be set"):
        open_crypter(None, {})


def test_the_passphrase_file_is_read_stripped(tmp_path: Path) -> None:
    """A file's last newline is not part of the passphrase; the variable goes first, as in Pulumi."""
    file = tmp_path / "passphrase"
    file.write_text("password\n")
    assert passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) == "password"
    assert passphrase({"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) == ""
    with pytest.raises(SecretsError, match=r"unable to read.*nowhere"):
        passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "nowhere")})
