"""Where this machine gets its Debian packages from, and the apt that fetches more without touching the system."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from migration_audit.model.errors import ServerError
from migration_audit.project.secrecy import without_secrets
from migration_audit.shadow.processes import DOWNLOAD_LIMIT, run_limited

MIRROR_VARIABLE = "MIGRATION_AUDIT_DEBIAN_MIRROR"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
"""The archive that Debian itself names; what comes from it counts only with the signature of a key in KEYRING."""
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package that apt would fetch."""

    name: str
    version: str
    size: int
    """Bytes to download."""


def find_mirror(sources: Iterable[Path] | None = None) -> str:
    """The URI of the main Debian archive: the variable's, else that of apt's own sources, else Debian's own (on Ubuntu)."""
    if named := os.environ.get(MIRROR_VARIABLE):
        return named
    if sources is None:
        etc = Path("/etc/apt")
        sources = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for path in sources:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for uri in _entries(text) if path.suffix == ".sources" else _lines(text):
            return uri
    return DEFAULT_MIRROR


def redacted(uri: str) -> str:
    """The URI without user and password: ``http://mirror.example/debian``."""
    parts = urlsplit(uri)
    return uri if "@" not in parts.netloc else parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _lines(text: str) -> Iterator[str]:
    """URIs of the main archive in one-line entries: ``deb [option=…] URI suite component…``."""
    for line in text.splitlines():
        found = re.match(r"\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)", line.partition("#")[0])
        if found and _is_main_archive(found[2], [found[3]], found[4].split(), found[1] or ""):
            yield found[2]


def _entries(text: str) -> Iterator[str]:
    """URIs of the main archive in deb822 stanzas."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = {name.lower(): value.split() for name, value in re.findall(r"(?m)^([\w-]+):((?:.*)(?:\n\s.+)*)", stanza)}
        if fields.get("enabled", ["yes"])[0].lower() == "no" or "deb" not in fields.get("types", []):
            continue
        signed = " ".join(fields.get("signed-by", []))
        for uri in fields.get("uris", []):
            if _is_main_archive(uri, fields.get("suites", []), fields.get("components", []), signed):
                yield uri


def _is_main_archive(uri: str, suites: list[str], components: list[str], options: str) -> bool:
    """True for the Debian archive itself; other archives have a suite ``bookworm`` and a component ``main`` too."""
    if "main" not in components or "security" in uri or not any(re.fullmatch(r"[a-z]+", suite) for suite in suites):
        return False
    return "debian-archive" in options or uri.rstrip("/").rpartition("/")[2] == "debian"


class Apt:
    """apt with directories of its own: it reads the system's proxies and passwords and changes nothing of it."""

    def __init__(self, directory: Path, suite: str, mirror: str) -> None:
        """Prepare the directory (which must exist and be private).

        Raises ServerError when apt, dpkg or Debian's keys are not on this machine.
        """
        self.directory, self.suite, self.mirror = directory, suite, mirror
        check_machine()
        for name in ("lists/partial", "cache/archives/partial", "packages"):
            (directory / name).mkdir(parents=True)
        (directory / "status").touch()
        (directory / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror} {suite} main\n", encoding="utf-8")
        (directory / "apt.conf").write_text(self._configuration(), encoding="utf-8")

    def update(self) -> None:
        """Fetch the suite's list of packages and verify its signature."""
        # Without the option apt-get calls a list that it could not fetch a warning.
        self._run("apt-get", "update", "-oAPT::Update::Error-Mode=any")

    def names(self, pattern: str) -> list[str]:
        """Names of the suite's packages that match the pattern as a whole."""
        return [name for name in self._run("apt-cache", "pkgnames").split() if re.fullmatch(pattern, name)]

    def closure(self, names: Iterable[str]) -> list[Package]:
        """The packages and all that they depend on, as if nothing were installed."""
        found = []
        for line in self._run("apt-get", "install", "--yes", "--print-uris", *names).splitlines():
            if line.startswith("'"):
                _, file, size, *_ = shlex.split(line)
                name, version, _ = unquote(file.removesuffix(".deb")).split("_")
                found.append(Package(name=name, version=version, size=int(size)))
        return found

    def download(self, packages: Iterable[Package]) -> list[Path]:
        """Fetch the packages, verify them against the signed list, and return their files."""
        folder = self.directory / "packages"
        wanted = [f"{package.name}={package.version}" for package in packages]
        self._run("apt-get", "download", *wanted, cwd=folder)
        return sorted(folder.glob("*.deb"))

    def _configuration(self) -> str:
        # Hooks of the system's configuration would work on the system: only how to fetch is taken over.
        taken = run_limited(["apt-config", "dump"], capture_output=True, text=True)
        if taken.returncode != 0:
            raise self._failure(("apt-config", "dump"), taken.stderr)
        acquire = [line for line in taken.stdout.splitlines() if line.startswith(("Acquire::", "APT::Architecture "))]
        own = {
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::sourcelist": self.directory / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::preferences": "-",
            "Dir::Etc::preferencesparts": "-",
            "Dir::State": self.directory,
            "Dir::State::lists": self.directory / "lists",
            "Dir::State::status": self.directory / "status",
            "Dir::Cache": self.directory / "cache",
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "0",
            "APT::Get::AllowUnauthenticated": "0",
            "Acquire::AllowInsecureRepositories": "0",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "30",
            "Acquire::https::Timeout": "30",
        }
        return "\n".join([*acquire, "#clear Acquire::Languages;", *(f'{key} "{value}";' for key, value in own.items())])

    def _run(self, *command: str, cwd: Path | None = None) -> str:
        environment = without_secrets(os.environ) | {"APT_CONFIG": str(self.directory / "apt.conf"), "LC_ALL": "C"}
        done = run_limited(
            command, limit=DOWNLOAD_LIMIT, env=environment, cwd=cwd or self.directory, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace",
        )  # fmt: skip
        if done.returncode != 0:
            raise self._failure(command, done.stderr)
        return str(done.stdout)

    def _failure(self, command: tuple[str, ...], output: str) -> ServerError:
        lines = [line for line in output.splitlines() if line.startswith(("E:", "W:"))] or output.splitlines()
        text = "\n".join(f"    {line}" for line in lines[:12]).replace(self.mirror, redacted(self.mirror))
        todo = f"check the network and the mirror, or name another mirror in {MIRROR_VARIABLE}"
        if "No space left" in text:
            todo = f"free some space on the disk of {self.directory.parent.parent}"
        return ServerError(
            f"`{' '.join(command[:2])}` failed\n{text}", where=f"{redacted(self.mirror)} {self.suite}", todo=todo
        )


def check_machine() -> None:
    """Raise ServerError when this machine cannot unpack Debian's packages or verify who signed them."""
    missing = [name for name in ("apt-get", "apt-cache", "apt-config", "dpkg-deb", "tar") if shutil.which(name) is None]
    if missing:
        raise ServerError(
            f"the provider `debian` needs {', '.join(missing)}, which is not installed",
            todo="use Debian or Ubuntu, or set another server: MIGRATION_AUDIT_SERVER=local, docker or url",
        )
    if not KEYRING.exists():
        raise ServerError(
            "Debian's keys, which verify its packages, are not installed",
            where=str(KEYRING),
            todo="apt-get install debian-archive-keyring",
        )
