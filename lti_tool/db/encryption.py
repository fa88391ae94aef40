"""Secrets at rest: AES-GCM, bound to the table, row and column they stand in, with the key's id in front."""

from __future__ import annotations

import hashlib
import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class WrongKey(Exception):
    """The ciphertext was made with another key, was moved to another row, or was changed."""


class Cipher:
    """Encrypts with one key. Ciphertext is `key id.nonce+data`, so a later key can be told from this one."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self.key_id = hashlib.sha256(b"key id" + key).hexdigest()[:8]

    def encrypt(self, secret: bytes, *, table: str, row: uuid.UUID, column: str) -> bytes:
        """Encrypt a secret for exactly one place."""
        nonce = os.urandom(_NONCE)
        data = self._aead.encrypt(nonce, secret, self._place(table, row, column))
        return self.key_id.encode() + b"." + nonce + data

    def decrypt(self, stored: bytes, *, table: str, row: uuid.UUID, column: str) -> bytes:
        """The secret back. Raises `WrongKey`."""
        key_id, _, rest = bytes(stored).partition(b".")
        if key_id != self.key_id.encode():
            raise WrongKey("this secret was encrypted with another LEERKRING_ENCRYPTION_KEY")
        try:
            return self._aead.decrypt(rest[:_NONCE], rest[_NONCE:], self._place(table, row, column))
        except InvalidTag:
            raise WrongKey("this secret was changed or stands in the wrong row") from None

    @staticmethod
    def _place(table: str, row: uuid.UUID, column: str) -> bytes:
        return f"{table}:{row}:{column}".encode()
