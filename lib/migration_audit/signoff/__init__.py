"""What is signed, by whom, under which policy, and whether it holds: files and OpenSSH, no database.

``build_statement``  names every file of a run by its digest; the runner writes it
``read_authority``   policy and keys, of a git revision or of the working tree
``propose``, ``add_signature``  a reviewer's signature, and the move to ``reports/signed/``
``read_signed_run``  everything that is known about a signed run, sentence by sentence
"""

from migration_audit.signoff.authority import Authority, read_authority
from migration_audit.signoff.decisions import SignedDecision
from migration_audit.signoff.signatures import holds_key_of, read_signed_run
from migration_audit.signoff.signing import Proposal, add_signature, check_reviewer, find_key_file, find_run, propose, refuse
from migration_audit.signoff.statement import (
    EVIDENCE_FILE,
    PREDICATE_TYPE,
    SIGNED,
    SIGNED_PAGE,
    build_statement,
    evidence_of,
    judge_producer,
    sign_as_producer,
    signed_folders,
    subjects,
)

__all__ = [
    "EVIDENCE_FILE",
    "PREDICATE_TYPE",
    "SIGNED",
    "SIGNED_PAGE",
    "Authority",
    "Proposal",
    "SignedDecision",
    "add_signature",
    "build_statement",
    "check_reviewer",
    "evidence_of",
    "find_key_file",
    "find_run",
    "holds_key_of",
    "judge_producer",
    "propose",
    "read_authority",
    "read_signed_run",
    "refuse",
    "sign_as_producer",
    "signed_folders",
    "subjects",
]
