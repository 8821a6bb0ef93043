"""What OpenSSH's ``ssh-keygen`` does for us: it signs and verifies; which key a signature names is read here.

Only exit codes are believed; what the program prints differs between versions. Times are UTC.

Format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path

from migration_audit.model.errors import AuditError
from migration_audit.project.secrecy import without_secrets

NAMESPACE = "migration-audit"
"""What our signatures are for; a signature of a commit is for ``git`` and is none of ours."""

_PROGRAM = "ssh-keygen"
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyKeys:
    """The keys of a policy: the content of its files."""

    allowed_signers: bytes
    revoked: bytes | None


def is_intact(message: bytes, signature: bytes) -> bool:
    """Whether the signature is one of these bytes, for our namespace, by whichever key made it."""
    return _accepts(("-Y", "check-novalidate", "-n", NAMESPACE), message, (("-s", signature),))


def is_signed_by(
    message: bytes,
    signature: bytes,
    *,
    identity: str,
    at: datetime,
    keys: PolicyKeys,
    revocation: bool,
    namespace: str = NAMESPACE,
) -> bool:
    """Whether it is a signature of these bytes by a key that ``allowed_signers`` gave to ``identity`` at that time.

    With ``revocation`` a revoked key does not count.
    """
    revoked = (("-r", keys.revoked),) if revocation and keys.revoked is not None else ()
    time = f"verify-time={at.astimezone(UTC).strftime('%Y%m%d%H%M%S')}"
    files = (("-f", keys.allowed_signers), ("-s", signature), *revoked)
    return _accepts(("-Y", "verify", "-n", namespace, "-I", identity, "-O", time), message, files)


def is_known(identity: str, keys: PolicyKeys) -> bool:
    """Whether ``allowed_signers`` has a key of this reviewer, valid or not."""
    return _accepts(("-Y", "match-principals", "-I", identity), b"", (("-f", keys.allowed_signers),))


@cache
def fingerprint(key_line: str) -> str:
    """``SHA256:…`` of a public key, as ``ssh-keygen -l`` shows it. Raises AuditError for a line that is not a key."""
    done = _run(["-l", "-f", "-"], f"{key_line}\n".encode())
    found = _FINGERPRINT.search(done.stdout.decode("utf-8", "replace"))
    if done.returncode or found is None:
        raise AuditError("is not a public key", where=key_line[:40], todo="see `ssh-keygen -l -f FILE`")
    return found.group()


def sign_file(path: Path, *, key: Path, namespace: str = NAMESPACE) -> None:
    """Write ``<path>.sig``; a passphrase or a touch is asked for on the terminal. Raises AuditError."""
    arguments = [_PROGRAM, "-q", "-Y", "sign", "-f", str(key), "-n", namespace, str(path)]
    try:
        # A hardware key asks for a touch on stderr, which is to be seen.
        stderr = None if sys.stderr.isatty() else subprocess.PIPE
        done = subprocess.run(arguments, env=_environment(), check=False, stdout=subprocess.PIPE, stderr=stderr, timeout=300)
    except FileNotFoundError:
        raise _missing() from None
    except subprocess.TimeoutExpired:
        raise AuditError("ssh-keygen got no answer for five minutes", where=str(key), todo="sign again") from None
    if done.returncode or not path.with_name(f"{path.name}.sig").is_file():
        reason = " ".join(((done.stderr or b"") + done.stdout).decode("utf-8", "replace").split()) or "no reason given"
        raise AuditError(f"ssh-keygen did not sign: {reason}", where=str(key), todo="try it by hand: ssh-keygen -Y sign")


def agent_keys() -> list[str]:
    """The public keys that the agent holds, as lines of ``.pub`` files. Raises AuditError for no agent or no key."""
    try:
        done = subprocess.run(
            ["ssh-add", "-L"], capture_output=True, check=False, timeout=30, stdin=subprocess.DEVNULL, env=_environment()
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AuditError(f"ssh-add cannot be run: {error}", todo="install the OpenSSH client") from None
    lines = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    if done.returncode or not lines:
        raise AuditError(
            "the agent has no keys, or is not running", where="--key agent", todo="`ssh-add`, or name a key file"
        )
    return lines


class _RefusedError(Exception):
    """It was not accepted."""


def _accepts(arguments: tuple[str, ...], message: bytes, files: tuple[tuple[str, bytes], ...]) -> bool:
    """Whether ssh-keygen accepts these bytes with those files: options, each with the content of the file that it names."""
    try:
        _check(arguments, message, files)
    except _RefusedError:  # which a full disk can be the reason of: it is asked again the next time
        return False
    return True


@lru_cache(maxsize=1024)  # the answer depends on nothing else
def _check(arguments: tuple[str, ...], message: bytes, files: tuple[tuple[str, bytes], ...]) -> None:
    with tempfile.TemporaryDirectory(prefix="migration-audit-keys-") as name:
        named: list[str] = []
        for number, (option, content) in enumerate(files):
            path = Path(name, str(number))
            path.write_bytes(content)
            named += [option, str(path)]
        if _run([*arguments, *named], message).returncode:
            raise _RefusedError


def _run(arguments: Sequence[str], message: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [_PROGRAM, *arguments], input=message, capture_output=True, check=False, timeout=60, env=_environment()
        )
    except FileNotFoundError:
        raise _missing() from None
    except subprocess.TimeoutExpired:
        raise AuditError("ssh-keygen did not answer for one minute", todo="try it by hand") from None


def _environment() -> dict[str, str]:
    """Validity in allowed_signers is local time where it names no zone: everywhere the same one here."""
    return {**without_secrets(os.environ), "TZ": "UTC", "LC_ALL": "C"}


def _missing() -> AuditError:
    return AuditError(
        "signatures need OpenSSH's ssh-keygen, which is not installed",
        todo="on Debian and Ubuntu: apt-get install openssh-client (8.9 or newer)",
    )


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
