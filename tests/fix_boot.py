"""A stack that comes up as it should, as facts; and the cases in which it does not, for the BOOT checks and RET007."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fix_code
from fix_model import constraint, index, snapshot
from migration_audit.model.boot import PostObject
from migration_audit.model.compose import Condition, DependsOn, Doubt, HealthCheck, Service, Stack
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.image import Asked, Boot, Copied, Image, ImageTest, Stage, StartedCommand, StartOutcome, Undecided
from migration_audit.model.location import Location
from migration_audit.project import BootSettings, BootStep, Verb

COMPOSE = Location("deploy/compose.yaml", 10)
ENTRY = "directus/entrypoint.sh"
RET007 = fix_code.rule(
    "RET007", Verb.IMAGE, "processor/Dockerfile", line=107, carries=("migrations",), runs=("migrate", "node-pg-migrate")
)

_STEPS = {
    "db-init": "apply-db-init.sh * db-init",
    "bootstrap": "directus bootstrap",
    "schema apply": "directus schema apply * schema.yaml",
    "db-init-post": "apply-db-init.sh * db-init-post",
    "start": "pm2-runtime start",
}
SETTINGS = BootSettings(
    database_service="postgres",
    owner_service="directus",
    writer_service="processor",
    steps=tuple(BootStep(name=n, command=c, at=Location("audit.toml", 80 + i)) for i, (n, c) in enumerate(_STEPS.items())),
    at=Location("audit.toml", 70),
)


def service(name: str, **given: Any) -> Service:
    defaults: dict[str, Any] = {
        "name": name,
        "at": COMPOSE,
        "active": True,
        "profiles": (),
        "depends_on": (),
        "healthcheck": HealthCheck(test=("CMD", "true"), disabled=False, at=COMPOSE),
        "entrypoint": None,
        "command": None,
        "image": None,
        "build": None,
        "environment": (),
        "ports": (),
        "mounts": (),
        "working_dir": None,
        "doubts": (),
    }
    return Service(**{**defaults, **given})


def waits(other: str, condition: str = Condition.HEALTHY, **given: Any) -> tuple[DependsOn, ...]:
    return (DependsOn(**{"service": other, "condition": condition, "required": True, "at": COMPOSE, **given}),)


POSTGRES = service("postgres")
DIRECTUS = service("directus", depends_on=waits("postgres"))
JOB = replace(DIRECTUS, healthcheck=None)
WAITS_FOR_JOB = service("processor", depends_on=waits("directus", Condition.COMPLETED))
PROCESSOR = service("processor", depends_on=waits("directus"))


def stack(*changed: Service, **given: Any) -> Stack:
    """The whole stack, with these services in the place of those of the same name."""
    services = {s.name: s for s in (POSTGRES, DIRECTUS, PROCESSOR, *changed)}
    return Stack(**{"files": ("deploy/compose.yaml",), "profiles": (), "services": tuple(services.values()), **given})


def without(name: str) -> Stack:
    return replace(stack(), services=tuple(s for s in stack().services if s.name != name))


def command(text: str, line: int = 9, **given: Any) -> StartedCommand:
    return StartedCommand(words=tuple(text.split()), at=Location(ENTRY, line), **given)


STARTED = (
    command("/directus/entrypoint.sh pm2-runtime start", 1, followed=0),
    command("sh apply-db-init.sh db-init", 10, followed=1),
    command("psql -f -", 11),
    command("directus bootstrap", 13),
    command("/directus/bin/directus schema apply --yes snapshots/schema.yaml", 16),
    command("sh ./apply-db-init.sh db-init-post/", 19, followed=1),
    command("pm2-runtime start ecosystem.config.cjs", 22),
)

SERVER = Asked(words=("wget", "-q", "http://127.0.0.1:8055/server/health"), host="127.0.0.1", port="8055")


def started(*commands: StartedCommand, undecided: tuple[Undecided, ...] = (), **given: Any) -> Boot:
    defaults: dict[str, Any] = {
        "run": StartOutcome(commands=commands or STARTED, undecided=undecided),
        "test": ("CMD", *SERVER.words),
        "test_at": Location("deploy/compose.yaml", 50),
        "test_disabled": False,
        "ways": ((SERVER,),),
        "ports": ("8055",),
    }
    return Boot(**{**defaults, **given})


def changed(position: int, **given: Any) -> Boot:
    commands = list(STARTED)
    commands[position] = replace(commands[position], **given)
    return started(*commands)


def ways(*asked: Asked) -> Boot:
    return started(ways=(asked,))


LOCAL = Asked(words=("pg_isready",), host=None, port=None)
OTHER = Asked(words=("curl", "http://postgres:5432"), host="postgres", port="5432")
OPEN = Undecided(what="./x.sh", reason="no file of the project becomes it", at=Location(ENTRY, 12))


def post(**given: Any) -> PostObject:
    defaults: dict[str, Any] = {
        "kind": "constraint",
        "name": "positions_pkey",
        "table": "positions",
        "at": Location("directus/db-init-post/001.sql", 9),
    }
    return PostObject(**{**defaults, **given})


UNIQUE = constraint(name="vehicles_unique", table="vehicles", type="unique", definition="UNIQUE (country, plate)")
POST_UNIQUE = post(
    name="vehicles_unique", table="vehicles", columns=("country", "plate"), unique=True, definition="UNIQUE (country, plate)"
)


def image(
    *copies: Copied, runs: tuple[StartedCommand, ...] = (), start: tuple[StartedCommand, ...] = (), **given: Any
) -> dict[Any, Image]:
    stage = Stage(
        name="build", base="node:22", at=Location("processor/Dockerfile", 1), copies=copies, runs=StartOutcome(commands=runs)
    )
    defaults: dict[str, Any] = {
        "dockerfile": "processor/Dockerfile",
        "stages": (stage,),
        "start": StartOutcome(commands=start or (command("node dist/main.js"),)),
        "test": None,
        "ports": (),
        "base": "node:22",
    }
    return {RET007.at: Image(**{**defaults, **given})}


def copied(source: str = ".", *carried: str, target: str = "/app/") -> Copied:
    return Copied(source=source, target=target, from_stage=None, at=Location("processor/Dockerfile", 5), carried=carried)


def inputs() -> dict[str, Any]:
    return {
        "stack": stack(),
        "dev_stack": stack(files=("processor/compose.dev.yaml",)),
        "owner_boot": started(),
        "post_objects": (post(),),
        "images": image(copied()),
    }


_WITHOUT_BOOTSTRAP = (*STARTED[:3], *STARTED[4:])

LOUD = [
    (
        "BOOT001",
        "a step only says what it would do",
        {"owner_boot": changed(4, words=("directus", "schema", "apply", "--dry-run", "schema.yaml"))},
        ["BOOT001:schema apply:missing"],
    ),
    ("BOOT001", "a step is missing", {"owner_boot": started(*_WITHOUT_BOOTSTRAP)}, ["BOOT001:bootstrap:missing"]),
    (
        "BOOT001",
        "the step of the other folder does not count",
        {"owner_boot": started(*STARTED[:5], STARTED[6])},
        ["BOOT001:db-init-post:missing"],
    ),
    (
        "BOOT001",
        "two steps are the wrong way round",
        {"owner_boot": started(*STARTED[:3], STARTED[4], STARTED[3], *STARTED[5:])},
        ["BOOT001:schema apply:order"],
    ),
    (
        "BOOT001",
        "a step runs early and again in its place",
        {"owner_boot": started(STARTED[0], STARTED[4], *STARTED[1:])},
        ["BOOT001:schema apply:order"],
    ),
    (
        "BOOT001",
        "a failure stops nothing",
        {"owner_boot": changed(1, stops_until=2)},
        ["BOOT001:db-init:unguarded"],
    ),
    (
        "BOOT001",
        "a failure stops what comes before the next step alone",
        {"owner_boot": changed(1, stops_until=3)},
        ["BOOT001:db-init:unguarded"],
    ),
    (
        "BOOT001",
        "nobody waits for a step",
        {"owner_boot": changed(3, in_background=True, maybe="it runs in the background")},
        ["BOOT001:bootstrap:background"],
    ),
    (
        "BOOT002",
        "nothing waits",
        {"stack": stack(service("processor"))},
        ["BOOT002:processor:directus"],
    ),
    (
        "BOOT002",
        "the short form",
        {"stack": stack(service("processor", depends_on=waits("directus", Condition.STARTED)))},
        ["BOOT002:processor:directus"],
    ),
    (
        "BOOT002",
        "the end of a server",
        {"stack": stack(WAITS_FOR_JOB)},
        ["BOOT002:processor:directus"],
    ),
    (
        "BOOT003",
        "a job hides its failure",
        {"stack": stack(JOB, WAITS_FOR_JOB), "owner_boot": changed(6, stops_until=7)},
        ["BOOT003:end:unseen"],
    ),
    (
        "BOOT002",
        "not required",
        {"stack": stack(service("processor", depends_on=waits("directus", required=False)))},
        ["BOOT002:processor:directus:required"],
    ),
    (
        "BOOT002",
        "the owner is in no chosen profile",
        {"stack": stack(replace(DIRECTUS, active=False, profiles=("cms",)))},
        ["BOOT002:processor:directus:started"],
    ),
    ("BOOT002", "there is no owner", {"stack": without("directus")}, ["BOOT002:processor:directus:started"]),
    ("BOOT003", "no health check", {"owner_boot": started(test=None, ways=())}, ["BOOT003:healthcheck:missing"]),
    ("BOOT003", "turned off", {"owner_boot": started(test_disabled=True, ways=())}, ["BOOT003:healthcheck:disabled"]),
    ("BOOT003", "it asks nobody", {"owner_boot": ways(LOCAL)}, ["BOOT003:healthcheck:early"]),
    ("BOOT003", "it asks another server", {"owner_boot": ways(OTHER)}, ["BOOT003:healthcheck:early"]),
    ("BOOT003", "it always succeeds", {"owner_boot": started(ways=((SERVER,), ()))}, ["BOOT003:healthcheck:early"]),
    ("BOOT003", "it never succeeds", {"owner_boot": started(ways=())}, ["BOOT003:healthcheck:never"]),
    (
        "BOOT003",
        "the owner does not wait for the database",
        {"stack": stack(service("directus", depends_on=waits("postgres", Condition.STARTED)))},
        ["BOOT003:directus:postgres"],
    ),
    (
        "BOOT003",
        "the database has no health check",
        {"stack": stack(replace(POSTGRES, healthcheck=None))},
        ["BOOT003:healthcheck:postgres:missing"],
    ),
    (
        "BOOT003",
        "that of the database is turned off",
        {"stack": stack(replace(POSTGRES, healthcheck=HealthCheck(test=None, disabled=True, at=COMPOSE)))},
        ["BOOT003:healthcheck:postgres:disabled"],
    ),
    (
        "BOOT004",
        "the development stack does not wait",
        {"dev_stack": stack(service("processor", depends_on=waits("postgres")))},
        ["BOOT004:processor:directus"],
    ),
    (
        "BOOT006",
        "a constraint is missing",
        {"post_objects": (POST_UNIQUE,)},
        ["BOOT006:prod:constraint:vehicles.vehicles_unique"],
    ),
    (
        "BOOT006",
        "a constraint over other columns",
        {"post_objects": (POST_UNIQUE,), "live": snapshot(replace(UNIQUE, definition="UNIQUE (plate)"))},
        ["BOOT006:prod:constraint:vehicles.vehicles_unique:definition"],
    ),
    (
        "BOOT006",
        "a constraint that was never validated",
        {"post_objects": (POST_UNIQUE,), "live": snapshot(replace(UNIQUE, validated=False))},
        ["BOOT006:prod:constraint:vehicles.vehicles_unique:definition"],
    ),
    (
        "BOOT006",
        "a constraint without a name",
        {"post_objects": (replace(POST_UNIQUE, name=None),)},
        ["BOOT006:prod:constraint:vehicles.country,plate"],
    ),
    (
        "BOOT006",
        "an index that is not unique any more",
        {
            "post_objects": (post(kind="index", name="i", unique=True),),
            "live": snapshot(index("i", "(a)", unique=False)),
        },
        ["BOOT006:prod:index:positions.i:definition"],
    ),
    (
        "RET007",
        "it copies them with everything else",
        {"images": image(copied(".", "src/db/migrations/1.sql"))},
        ["RET007:processor/Dockerfile:build:carries:."],
    ),
    (
        "RET007",
        "it names them",
        {"images": image(copied("src/db/migrations"))},
        ["RET007:processor/Dockerfile:build:carries:src/db/migrations"],
    ),
    (
        "RET007",
        "it copies other files there",
        {"images": image(copied("sql", target="/app/migrations"))},
        ["RET007:processor/Dockerfile:build:carries:sql"],
    ),
    (
        "RET007",
        "a step of the build moves them",
        {"images": image(runs=(command("cp -r src/db/migrations dist/"),))},
        ["RET007:processor/Dockerfile:build:handles:src/db/migrations"],
    ),
    (
        "RET007",
        "a container runs the runner",
        {"images": image(start=(command("node dist/db/migrate.js"),))},
        [f"RET007:processor/Dockerfile:runs:{ENTRY}:migrate"],
    ),
    (
        "RET007",
        "a container runs the runner's script",
        {"images": image(start=(command("pnpm run db:migrate"),))},
        [f"RET007:processor/Dockerfile:runs:{ENTRY}:migrate"],
    ),
    (
        "RET007",
        "a container runs it when it is asked to",
        {"images": image(otherwise=StartOutcome(commands=(command("node-pg-migrate up"),)))},
        [f"RET007:processor/Dockerfile:runs:{ENTRY}:node-pg-migrate"],
    ),
    (
        "RET007",
        "the health check runs it",
        {"images": image(test=ImageTest(test=("CMD-SHELL", "node-pg-migrate status"), at=Location(ENTRY, 3)))},
        [f"RET007:processor/Dockerfile:runs:{ENTRY}:node-pg-migrate"],
    ),
    (
        "RET007",
        "a container runs one version of the runner",
        {"images": image(start=(command("npx --yes node-pg-migrate@7 up"),))},
        [f"RET007:processor/Dockerfile:runs:{ENTRY}:node-pg-migrate"],
    ),
]

QUIET = [
    ("BOOT001", "the places are reported", {}, f"db-init at {ENTRY}:10; bootstrap at {ENTRY}:13"),
    (
        "BOOT001",
        "a step that may run again later",
        {"owner_boot": started(*STARTED, command("directus bootstrap", maybe="x"))},
        "",
    ),
    ("BOOT001", "the last one may fail", {"owner_boot": changed(6, stops_until=7)}, ""),
    ("BOOT002", "the line is reported", {}, "processor waits for directus with service_healthy at deploy/compose.yaml:10"),
    (
        "BOOT002",
        "the end of a job",
        {"stack": stack(JOB, WAITS_FOR_JOB)},
        "processor waits for directus with service_completed_successfully",
    ),
    (
        "BOOT003",
        "a job needs no health check",
        {"stack": stack(JOB, WAITS_FOR_JOB), "owner_boot": started(test=None, ways=())},
        "directus is a job",
    ),
    (
        "BOOT003",
        "the server by its name",
        {"owner_boot": ways(replace(SERVER, host="directus"), LOCAL)},
        "queries its own server",
    ),
    ("BOOT003", "another port is reported", {"owner_boot": ways(replace(SERVER, port="9000"))}, "it queries port 9000"),
    ("BOOT004", "a stack without the owner", {"dev_stack": without("directus")}, "does not run directus"),
    ("BOOT006", "it is there", {"post_objects": (POST_UNIQUE,), "live": snapshot(UNIQUE)}, "1 of 1"),
    (
        "BOOT006",
        "it is there without a name",
        {"post_objects": (replace(POST_UNIQUE, name=None),), "live": snapshot(UNIQUE)},
        "1 of 1",
    ),
    (
        "RET007",
        "names that only look like it",
        {"images": image(start=(command("node emigrate.js migrated --no-migrate"),))},
        "",
    ),
    ("RET007", "it removes them", {"images": image(runs=(command("rm -r dist/migrations"),))}, ""),
]

_NONE = Unavailable(reason="audit.toml has no [boot]", required=False)

UNDECIDED = [
    (
        "RET007",
        "an archive",
        {"images": image(replace(copied("sql.tar.gz"), is_opaque=True))},
        Outcome.SKIPPED,
        True,
        "sql.tar.gz: what ADD unpacks from it",
    ),
    (
        "BOOT003",
        "nobody knows what the job runs",
        {"stack": stack(JOB, WAITS_FOR_JOB), "owner_boot": replace(started(), run=StartOutcome(undecided=(OPEN,)))},
        Outcome.SKIPPED,
        True,
        "what directus runs to its end is undecided",
    ),
    (
        "BOOT001",
        "a word that only the running container knows",
        {"owner_boot": changed(4, words=("directus", "schema", "apply", "--yes", "$SNAPSHOT"), unknown=(4,))},
        Outcome.SKIPPED,
        True,
        "schema apply may be `directus schema apply --yes $SNAPSHOT` at directus/entrypoint.sh:16: what $SNAPSHOT is",
    ),
    ("BOOT001", "nothing is asked", {"owner_boot": _NONE}, Outcome.SKIPPED, False, "no [boot]"),
    (
        "BOOT001",
        "a step may not run",
        {"owner_boot": changed(3, maybe="it depends on `x`")},
        Outcome.SKIPPED,
        True,
        f"bootstrap at {ENTRY}:13 may not run: it depends on `x`",
    ),
    (
        "BOOT001",
        "a script that cannot be read may be the step",
        {"owner_boot": started(*_WITHOUT_BOOTSTRAP, undecided=(OPEN,))},
        Outcome.SKIPPED,
        True,
        "bootstrap was not found, but not everything could be followed",
    ),
    (
        "BOOT001",
        "a step may run early",
        {"owner_boot": started(STARTED[0], command("directus schema apply --yes schema.yaml", maybe="x"), *STARTED[1:])},
        Outcome.SKIPPED,
        True,
        "schema apply may run before bootstrap",
    ),
    (
        "BOOT001",
        "Compose leaves the command open",
        {"owner_boot": started(run_undecided=(OPEN,))},
        Outcome.SKIPPED,
        True,
        "what the container starts is undecided",
    ),
    ("BOOT002", "no Compose file", {"stack": _NONE}, Outcome.SKIPPED, False, "no [boot]"),
    ("BOOT002", "no writer", {"stack": without("processor")}, Outcome.SKIPPED, True, "no service processor"),
    (
        "BOOT002",
        "the writer is not started",
        {"stack": stack(replace(PROCESSOR, active=False, profiles=("x",)))},
        Outcome.SKIPPED,
        True,
        "needs one of the profiles x",
    ),
    (
        "BOOT002",
        "contains a variable that is not set",
        {"stack": stack(replace(PROCESSOR, doubts=(Doubt(part="depends_on", reason="no value", at=COMPOSE),)))},
        Outcome.SKIPPED,
        True,
        "deploy/compose.yaml:10: depends_on of processor: no value",
    ),
    (
        "BOOT003",
        "a test that cannot be read",
        {"owner_boot": started(test_undecided=(OPEN,))},
        Outcome.SKIPPED,
        True,
        "whether the health check queries the server is undecided",
    ),
    (
        "BOOT006",
        "SQL that is made when it runs",
        {"post_objects": (post(kind="undecided", reason="EXECUTE"),)},
        Outcome.SKIPPED,
        True,
        "directus/db-init-post/001.sql:9: what this creates is only known at run time: EXECUTE",
    ),
]
