"""One audit of one environment, as notebooks hold it: facts are gathered on first use and saved for the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Final, NoReturn, Self

from migration_audit.audit.case import Case
from migration_audit.audit.evidence import build_evidence
from migration_audit.audit.facts.files import write_atomically, write_json_file
from migration_audit.audit.facts.pruning import pruned
from migration_audit.audit.facts.store import facts_digest, load_facts, save_facts
from migration_audit.audit.facts.types import (
    DirectusFacts,
    EnvironmentFacts,
    Part,
    PreflightFacts,
    RehearsalFacts,
    SharedFacts,
)
from migration_audit.audit.inputs.artifact_digests import artifact_digests, report_digests
from migration_audit.audit.inputs.boot import BootInputs, boot_inputs
from migration_audit.audit.inputs.directus import Deployment, deployment_of, directus_inputs
from migration_audit.audit.inputs.retirement import documents_inputs, load_commands, retirement_inputs
from migration_audit.audit.live import Live, read_live
from migration_audit.audit.preflight.owner_alone import is_legacy_gone, run_owner_alone
from migration_audit.audit.preflight.preflight import run_preflight
from migration_audit.audit.rehearsals.directus import copy_of, rehearse_fresh, rehearse_live
from migration_audit.audit.rehearsals.writer import rehearsal_inputs
from migration_audit.audit.run_in_parallel import on_stderr, run_in_parallel
from migration_audit.model.directus_database import DirectusRehearsal
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import Phase, Unavailable
from migration_audit.model.image import Boot
from migration_audit.model.snapshot import Snapshot, to_json
from migration_audit.project import Environment, Project

SEAL = "sealed.json"
"""What the last cell of ``40_signoff`` leaves among the facts; a run without it is not complete."""

_AGAIN = "run the audit again"

_FOLLOWING: Final[Mapping[Part, tuple[str, ...]]] = {
    "shared": ("shared", "coverage", "shared_results"),
    "environment": ("own", "_scoped", "live_results", "_directus_boots", "directus_rehearsed", "_waived", "results"),
}
"""The parts of the facts, and what an audit holds of them and of what follows from them."""


class Audit(Case):
    """Everything that the notebooks of one environment share.

    ``folder`` is where facts are saved between notebooks; None for a notebook that is run on its own.
    """

    def __init__(
        self,
        project: Project,
        *,
        environment: Environment | None,
        phase: Phase,
        folder: Path | None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        """Nothing is read or started yet."""
        self.project = project
        self.environment = environment
        self.phase = phase
        self.folder = folder
        self.started = datetime.now(UTC)
        self._progress = progress or on_stderr
        self._digests: dict[str, str | None] = {}

    @cached_property
    def evidence(self) -> Evidence:
        """The evidence as this notebook shows it; the run writes its own, from the same facts."""
        return build_evidence(self, now=self.started)

    def seal(self) -> None:
        """Leave a mark in the run's folder that every notebook reached its end, and which server was read.

        Nothing outside a run.
        """
        if self.folder is not None:
            server = to_json(self.live.server) if isinstance(self.live, Snapshot) else None
            write_json_file(self.folder / SEAL, {"generated_at": self.evidence.generated_at.isoformat(), "server": server})

    @property
    def today(self) -> date:
        """The day of this audit, by which waivers are judged."""
        return self.started.date()

    @cached_property
    def shared(self) -> SharedFacts:
        """The facts that are the same for every environment: those that an earlier notebook saved, else gathered now."""
        before = self._folder_of("shared")
        if before is not None and (saved := load_facts(before, "shared")) is not None:
            return saved
        # Each starts servers of its own and mostly waits for them.
        parts = ("_preflight", "_rehearsals", "_fresh_rehearsal")
        run_in_parallel(partial(getattr, self), parts)
        facts = pruned(self.project, self._gathered())
        for name in parts:  # the facts have all of it
            del self.__dict__[name]
        if self.folder is None:
            return facts
        write_atomically(self.folder / self.project.path.name, self.project.content)
        save_facts(self.folder, "shared", facts)
        del facts
        return load_facts(self._folder_of("shared") or self.folder, "shared") or _refuse_removed(self.folder)

    @cached_property
    def own(self) -> EnvironmentFacts:
        """The facts of the environment: those that an earlier notebook saved, else read now."""
        before = self._folder_of("environment")
        if before is not None and (saved := load_facts(before, "environment")) is not None:
            return saved
        if self.folder is None:
            return self._read_environment()
        save_facts(
            self.folder, "environment", self._read_environment()
        )  # and free them: loaded again, they need as much memory
        found = load_facts(self._folder_of("environment") or self.folder, "environment")
        return found or _refuse_removed(self.folder)

    def _read_environment(self) -> EnvironmentFacts:
        """The facts of the environment, read now."""
        environment = self.project.environment(self.environment_name)
        live = read_live(self.project, environment, owner=self.owner, prelude=self.shared["prelude"])
        facts: EnvironmentFacts = {
            "audited_environment": self.environment_name,
            "read_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            **live.facts,
            **self._directus(live),
            "directus_rehearsal": self._directus_rehearsal(live),
        }
        return pruned(self.project, facts)

    def _folder_of(self, part: Part) -> Path | None:
        """The folder of the facts, after noting which bytes it has: a notebook shows the facts that the files hold."""
        if self.folder is not None:
            self._digests[part] = facts_digest(self.folder, part)
        return self.folder

    def continued_from(self, before: Audit | None) -> Self:
        """This audit, with what the notebook before it found in the same kernel of the same files and settings.

        Facts are taken over where their files have the bytes that the other one read, and what follows from them with them.
        """
        if before is None or self.folder is None or (self.project, self.phase) != (before.project, before.phase):
            return self
        for part, names in _FOLLOWING.items():
            digest = before._digests.get(part)
            if digest is None or digest != facts_digest(self.folder, part):
                break
            self._digests[part] = digest
            self.__dict__ |= {name: before.__dict__[name] for name in names if name in before.__dict__}
            if (self.environment, self.today) != (before.environment, before.today):
                break
        return self

    def with_shared_of(self, others: Iterable[Audit]) -> Self:
        """This audit, with the facts that are the same for every environment where another one has gathered them."""
        for other in others:
            if "shared" not in self.__dict__ and other.phase is self.phase and other.project == self.project:
                names = _FOLLOWING["shared"]
                self.__dict__ |= {name: other.__dict__[name] for name in names if name in other.__dict__}
        return self

    def forget(self) -> None:
        """Gather every fact again on next use. In the folder of a run, what is saved stays what it is."""
        cached = [
            name for one in type(self).__mro__ for name, value in vars(one).items() if isinstance(value, cached_property)
        ]
        for name in cached:
            self.__dict__.pop(name, None)
        self.started = datetime.now(UTC)

    @cached_property
    def _preflight(self) -> PreflightFacts:
        if self.phase is Phase.RETIRED and is_legacy_gone(self.project):
            return run_owner_alone(self.project, progress=self._progress)
        return run_preflight(self.project, rules=self.rules, progress=self._progress)

    @cached_property
    def _rehearsals(self) -> RehearsalFacts:
        return rehearsal_inputs(self.project, phase=self.phase, progress=self._progress)

    @cached_property
    def _fresh_rehearsal(self) -> DirectusRehearsal | Unavailable:
        return rehearse_fresh(self.project, self._deployment, progress=self._progress)

    @cached_property
    def _deployment(self) -> Deployment | Unavailable:
        if self.project.boot is None:
            return deployment_of(self.project)
        boot = self._boot["owner_boot"]
        return deployment_of(
            self.project,
            image=self._boot["owner_image"],
            run=boot.run if isinstance(boot, Boot) else boot,
            variables=self._boot["owner_variables"],
        )

    @cached_property
    def _boot(self) -> BootInputs:
        return boot_inputs(self.project)

    def _gathered(self) -> SharedFacts:
        return {
            "audited_phase": self.phase.value,
            "gathered_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            **self._preflight,
            **self._rehearsals,
            "fresh_rehearsal": self._fresh_rehearsal,
            "stack": self._boot["stack"],
            "dev_stack": self._boot["dev_stack"],
            "owner_boot": self._boot["owner_boot"],
            "post_objects": self._boot["post_objects"],
            "images": self._boot["images"],
            **retirement_inputs(self.project),
            **documents_inputs(self.project, commands=load_commands(self.folder) if self.folder else None),
            "artifacts": artifact_digests(self.project, self._boot),
            "reports": report_digests(self.project),
        }

    def _directus(self, live: Live) -> DirectusFacts:
        return directus_inputs(
            self.project,
            self._deployment,
            owner=self.owner,
            owner_origins=self.shared["owner_origins"],
            live=live.facts["live"],
            directus=live.directus,
        )

    def _directus_rehearsal(self, live: Live) -> DirectusRehearsal | Unavailable:
        copy = copy_of(
            self.environment_name,
            live=live.facts["live"],
            directus=live.directus,
            migrations=live.migrations,
            owner=self.owner,
            owner_tables=self.shared["directus_owner"],
        )
        return rehearse_live(self.project, self._deployment, copy, progress=self._progress)


def _refuse_removed(folder: Path) -> NoReturn:
    raise AuditError("the facts that were saved here do not exist any more", where=str(folder), todo=_AGAIN)
