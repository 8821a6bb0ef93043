"""Which files of a build context ``.dockerignore`` and ``--exclude`` keep out, by a port of BuildKit's own matcher.

Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

from collections.abc import Sequence

from e2b_dockerfile_utils import PatternMatcher

from migration_audit.model.errors import ArtifactError
from migration_audit.model.location import Location


def ignore_patterns(patterns: Sequence[tuple[str, Location]]) -> PatternMatcher:
    """The patterns in order; the last one that matches a path, relative to the context and with ``/``, decides.

    Raises ArtifactError, with the place, for a pattern that the build rejects.

    >>> at = Location(".dockerignore", 1)
    >>> ignore_patterns([("**/*.sql", at), ("!keep/a.sql", at)]).matches("keep/a.sql")
    False
    """
    for pattern, at in patterns:
        try:
            PatternMatcher([pattern])
        except ValueError:
            raise ArtifactError(
                f"{pattern!r} is not a pattern: the build rejects it", where=str(at), todo="correct the pattern"
            ) from None
    return PatternMatcher([pattern for pattern, _ in patterns])
