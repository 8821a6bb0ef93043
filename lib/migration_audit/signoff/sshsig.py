"""What an OpenSSH signature says about itself: the key that made it, and what it was made for. Nothing is verified here.

Format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

_ARMOR = re.compile(rb"\s*-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)-----END SSH SIGNATURE-----\s*")
_MAGIC = b"SSHSIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSignature:
    """The readable part of a signature."""

    key: bytes
    """The public key (or certificate) as OpenSSH writes it."""
    namespace: str
    armored: bytes
    """The whole ``.sig`` file."""

    @property
    def key_type(self) -> str:
        """``ssh-ed25519``, ``sk-ssh-ed25519@openssh.com``, …"""
        return _string(self.key)[0].decode("ascii", "replace")

    @property
    def key_line(self) -> str:
        """The key as a line of a ``.pub`` file."""
        return f"{self.key_type} {base64.b64encode(self.key).decode()}"


def read_signature(armored: bytes) -> SshSignature:
    """The parts of a ``.sig`` file; raises ValueError when it is none."""
    match = _ARMOR.fullmatch(armored.replace(b"\r\n", b"\n"))
    if match is None:
        raise ValueError("it is not an OpenSSH signature")
    try:
        blob = base64.b64decode(match[1].replace(b"\n", b""), validate=True)
    except binascii.Error as error:
        raise ValueError("it is not an OpenSSH signature") from error
    if not blob.startswith(_MAGIC) or blob[6:10] != b"\0\0\0\1":
        raise ValueError("it is an OpenSSH signature of an unknown version")
    key, rest = _string(blob[10:])
    namespace, _ = _string(rest)
    return SshSignature(key=key, namespace=namespace.decode("utf-8", "replace"), armored=armored)


def _string(data: bytes) -> tuple[bytes, bytes]:
    """A length-prefixed string, and what follows it; raises ValueError when it is truncated."""
    length = int.from_bytes(data[:4], "big")
    if len(data) < 4 + length:
        raise ValueError("it is truncated")
    return data[4 : 4 + length], data[4 + length :]
