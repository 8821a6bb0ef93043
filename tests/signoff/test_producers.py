"""Who made a run: evidence names account, host and job; where the policy names producers, one of their keys has to sign."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from fix_demo import run_cli
from fix_signed import ANN, BOB, EVE, NOW, World, said
from migration_audit.audit.evidence import this_producer
from migration_audit.model.errors import AuditError
from migration_audit.model.signoff import Decision
from migration_audit.review import signing
from migration_audit.signoff import add_signature, openssh, sign_as_producer
from migration_audit.signoff import propose as propose_unseen

CI = "ci@example.org"
FILE = "statement.json.sig"


def by(name: str, namespace: str = "migration-audit-producer") -> Callable[[World, Path], None]:
    def sign(world: World, folder: Path) -> None:
        openssh.sign_file(folder / "statement.json", key=world.key(name), namespace=namespace)

    return sign


def unsigned(_: World, __: Path) -> None:
    """Nobody says that the run is theirs."""


def then_changed(world: World, folder: Path) -> None:
    by(CI)(world, folder)
    path = folder / "statement.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=3))


def of_another_run(world: World, folder: Path) -> None:
    other = world.run("dev")
    by(CI)(world, other)
    (other / FILE).rename(folder / FILE)


def garbage(_: World, folder: Path) -> None:
    (folder / FILE).write_text("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")


def revoked(world: World, folder: Path) -> None:
    world.write(".audit/revoked", world.public(CI) + "\n")
    by(CI)(world, folder)


REFUSED: dict[str, tuple[Callable[[World, Path], None], str]] = {
    "nobody": (unsigned, "statement.json.sig is missing"),
    "somebody else": (by(EVE), "is not valid"),
    "a reviewer": (by(ANN), "is not valid"),
    "the producer, as a reviewer signs": (by(CI, "migration-audit"), "is not valid"),
    "the producer, before the statement was changed": (then_changed, "is not valid"),
    "the producer, another run": (of_another_run, "is not valid"),
    "the producer, whose key is revoked": (revoked, "is not valid"),
    "no signature at all": (garbage, "statement.json.sig cannot be read"),
}


def asks(world: World, options: str = "") -> None:
    """The policy names a producer."""
    line = f'{CI} namespaces="migration-audit-producer"{options} {world.public(CI)}'
    world.edit("quorum = 2", f"quorum = 2\nproducers = ['{line}']")
    world.write(".audit/revoked", "")
    world.commit()
    world.publish()


def sign_anyway(world: World, folder: Path) -> Path:
    """Both reviewers sign what ``sign`` refuses."""
    for who in (ANN, BOB):
        authority = world.authority()
        proposal = propose_unseen(folder, authority, reviewer=who, now=NOW)
        what = signing.decision_of(proposal, reviewer=who, decision=Decision.APPROVE, comment="", expires=None, now=NOW)
        add_signature(proposal, what, authority, key=str(world.key(who)), page_of=signing.signed_page, now=NOW)
        folder = proposal.target
    return folder


@pytest.mark.parametrize("name", REFUSED)
def test_a_run_that_no_producer_signed_passes_nowhere(world: World, name: str) -> None:
    asks(world)
    change, why = REFUSED[name]
    folder = world.run()
    change(world, folder)
    if name == "the producer, whose key is revoked":
        world.commit()
    with pytest.raises(AuditError, match=why):
        world.sign(folder)
    signed = sign_anyway(world, folder)
    found = world.verify(signed)
    assert (found.exit_code, why in said(found.about_policy)) == (4, True)
    gate = world.gate()["prod"]
    assert (gate.exit_code, [r.need.value for r in gate.requirements if r.ok is False]) == (4, ["a known producer"])


def test_the_run_of_a_producer_passes(world: World) -> None:
    asks(world)
    folder = world.run()
    sign_as_producer(folder, key=world.key(CI))
    signed = world.sign(world.sign(folder, ANN), BOB)
    assert any("ci@example.org made it" in s.text for s in world.verify(signed).about_policy)
    assert world.verify(signed).exit_code == 0
    assert world.gate()["prod"].exit_code == 0


@pytest.mark.parametrize(("until", "code"), [("20261124", 0), ("20261123", 4), ("20261122", 4)])
def test_a_key_that_has_ended_is_none(world: World, until: str, code: int) -> None:
    asks(world, f',valid-before="{until}"')
    folder = world.run()
    sign_as_producer(folder, key=world.key(CI))
    assert world.verify(sign_anyway(world, folder)).exit_code == code


@pytest.mark.parametrize(("since", "code"), [("20261123", 0), ("20261124", 4)])
def test_a_key_that_is_newer_than_the_run_is_none(world: World, since: str, code: int) -> None:
    asks(world, f',valid-after="{since}"')
    folder = world.run()
    sign_as_producer(folder, key=world.key(CI))
    assert world.verify(sign_anyway(world, folder), now=NOW + timedelta(days=2)).exit_code == code


def test_without_producers_in_the_policy_a_signature_is_no_matter(world: World) -> None:
    folder = world.run()
    by(EVE)(world, folder)
    signed = world.sign(world.sign(folder, ANN), BOB)
    assert any("the policy names no producers" in s.text for s in world.verify(signed).about_policy)
    assert world.gate()["prod"].exit_code == 0


def test_run_names_a_key_that_is_not_there_before_it_starts(world: World) -> None:
    ran = run_cli("run", "--producer-key", "nowhere", cwd=world.root)
    assert ran.code == 2
    assert "nowhere: the key does not exist" in ran.err


@pytest.mark.parametrize(
    ("environ", "job"),
    [
        ({}, None),
        (
            {"GITHUB_RUN_ID": "7", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b"},
            "https://github.com/a/b/actions/runs/7/attempts/1",
        ),
        ({"CI_JOB_URL": "https://x:secret@git.example.org/a/-/jobs/9?token=y"}, "https://git.example.org/a/-/jobs/9"),
        ({"BUILD_URL": "https://ci.example.org/job/a/3/"}, "https://ci.example.org/job/a/3/"),
    ],
    ids=["no CI", "GitHub", "GitLab", "Jenkins"],
)
def test_the_producer_has_an_account_a_host_and_a_job(environ: Mapping[str, str], job: str | None) -> None:
    found = this_producer(environ)
    assert found.job == job
    assert found.user
    assert found.host
