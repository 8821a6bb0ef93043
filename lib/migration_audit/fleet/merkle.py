"""A Merkle tree over statements: one root for all of them, and for each a proof that it is one of them.

Hashes and proofs are those of RFC 6962 (section 2.1), with SHA-256: a leaf and an inner node start with different bytes, so
that neither can be presented as the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def leaf_hash(statement: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(_LEAF + statement).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(_NODE + left + right).digest()


class Root:
    """The root of leaves that come one by one; remembers one hash for each level of the tree, and no leaf."""

    def __init__(self) -> None:
        """Start with no leaf."""
        self.size = 0
        self._full: list[tuple[int, bytes]] = []
        """Complete subtrees from left to right: how many leaves each has (a power of two), and its hash."""

    def add(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        self.size += 1
        self._full.append((1, leaf))
        while len(self._full) > 1 and self._full[-1][0] == self._full[-2][0]:
            (count, left), (_, right) = self._full[-2:]
            self._full[-2:] = [(2 * count, node_hash(left, right))]

    def digest(self) -> bytes:
        """The root of the leaves so far."""
        if not self._full:
            return hashlib.sha256(b"").digest()
        found = self._full[-1][1]
        for _, left in reversed(self._full[:-1]):
            found = node_hash(left, found)
        return found


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of the hashes of leaves."""
    root = Root()
    for leaf in leaves:
        root.add(leaf)
    return root.digest()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes that lead from one leaf to the root (``PATH`` of RFC 6962), from the leaf upwards."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    path = []
    first, end = 0, len(leaves)
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append(root_of(leaves[middle:end]))
            end = middle
        else:
            path.append(root_of(leaves[first:middle]))
            first = middle
    return tuple(reversed(path))


def root_from_proof(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that the proof gives for this leaf; None if it is not a proof for this place in a tree of this size.

    The algorithm is that of RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return found if last == 0 else None


def _split(size: int) -> int:
    """The largest power of two that is smaller than ``size``."""
    return 1 << ((size - 1).bit_length() - 1)
