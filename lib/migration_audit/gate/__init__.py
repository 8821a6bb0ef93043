"""The rule that turns evidence and signatures into an exit code. Pure.

``decide``         results of checks -> a verdict
``apply_waivers``  results and waivers -> results in which accepted findings say so
``approvals``      the sign-offs of a run and what its environment needs -> enough, or what is missing
``judge_notebooks``  whether the packaged notebooks were executed, and what the policy makes of others
``judge_environment``  all that is known of one environment -> its requirements, each met or not, and an exit code
"""

from migration_audit.gate.policy import approvals, judge_notebooks, rejections
from migration_audit.gate.requirements import (
    EnvironmentGate,
    Facts,
    Requirement,
    RequirementKind,
    judge_age,
    judge_environment,
    judge_sentences,
    judge_signatures,
)
from migration_audit.gate.verdict import EXIT_CODES, apply_waivers, decide, still_waived

__all__ = [
    "EXIT_CODES",
    "EnvironmentGate",
    "Facts",
    "Requirement",
    "RequirementKind",
    "apply_waivers",
    "approvals",
    "decide",
    "judge_age",
    "judge_environment",
    "judge_notebooks",
    "judge_sentences",
    "judge_signatures",
    "rejections",
    "still_waived",
]
