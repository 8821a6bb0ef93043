"""Errors after SQL that wrote the system catalog, which may be of any kind: they name that SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from migration_audit.model.errors import AuditError, ServerError
from migration_audit.model.outside import Outside, OutsideKind
from migration_audit.shadow.failures import server_error

_TODO = "change the catalog with DDL: what a server does with rows that it has not written is not known"


@contextmanager
def catalog_writes_named(outside: Iterable[Outside], *, where: str) -> Iterator[None]:
    """Raises ServerError with the first of ``outside`` that wrote the catalog, where the block fails.

    Where none is known, an error that only a damaged catalog explains says so of ``where``; any other stays as it is.
    """
    try:
        yield
    except (AuditError, psycopg.Error) as error:
        failed = error
        if isinstance(failed, psycopg.Error):
            failed = server_error(failed, what="a query of the audit itself", where="a shadow")
        found = next((one for one in outside if one.kind is OutsideKind.CATALOG and one.within is None), None)
        if found is None and not _is_damage(error):
            if failed is error:
                raise
            raise failed from error
        what = f"{failed.where}: {failed.what}" if failed.where else failed.what
        if found is None:
            what = f"{what}; SQL that is put together at run time may have written the system catalog"
            raise ServerError(what, where=where, todo=_TODO) from error
        what = f"SQL wrote the system catalog directly ({found.what}), and then this failed: {what}"
        raise ServerError(what, where=str(found.at), todo=_TODO) from error


def _is_damage(error: BaseException | None) -> bool:
    """Whether it is what a server says of a catalog that is damaged, and never of a fresh one."""
    while error is not None:
        if isinstance(error, psycopg.errors.InternalError_) or "the catalog is damaged" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
