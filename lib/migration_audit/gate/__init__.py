"""The rule that turns evidence and signatures into an exit code. Pure.

``decide``         results of checks -> a verdict
``apply_waivers``  results and waivers -> results in which accepted findings say so
``judge_reviewers``  the sign-offs of a run and what its environment needs -> enough, or what is missing
``judge_environment``  all that is known of one environment -> its requirements, each met or not, and an exit code
"""

from migration_audit.gate.policy import judge_age, judge_notebooks, judge_reviewers, rejections
from migration_audit.gate.requirements import (
    IDENTITY,
    EnvironmentGate,
    Facts,
    Requirement,
    RequirementKind,
    judge_bytes,
    judge_environment,
    judge_sentences,
    judge_signatures,
)
from migration_audit.gate.verdict import EXIT_CODES, apply_waivers, decide, still_waived

__all__ = [
    "EXIT_CODES",
    "IDENTITY",
    "EnvironmentGate",
    "Facts",
    "Requirement",
    "RequirementKind",
    "apply_waivers",
    "decide",
    "judge_age",
    "judge_bytes",
    "judge_environment",
    "judge_notebooks",
    "judge_reviewers",
    "judge_sentences",
    "judge_signatures",
    "rejections",
    "still_waived",
]
