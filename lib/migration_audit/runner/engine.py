"""How papermill executes a notebook with a kernel that is lent to it, and handed back as if nothing had run in it.

Imported where papermill is: it is slow to import.
"""

from __future__ import annotations

import atexit
import logging
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

from migration_audit.model.errors import NotebookError
from migration_audit.runner.kernels import LentKernel

ENGINE = "lent kernel"

_START = 60
"""Seconds until a kernel must answer."""
_SAVED_EVERY = 5
"""Seconds. papermill itself writes the notebook before and after each cell, which was half of a run's processor time."""
_RESET = "import IPython as _i; _i.get_ipython().reset(new_session=True)"
"""The next notebook begins with an empty namespace, and counts its cells from 1."""


class LentKernelEngine(Engine):  # type: ignore[misc]
    """An engine that neither starts a process of its own for each notebook nor ends it."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, lent: LentKernel, execution_timeout: int, **_: Any
    ) -> None:
        """Execute the notebook of ``nb_man``; the kernel is as new afterwards, unless this raises or a cell did."""
        client = PapermillNotebookClient(
            nb_man,
            km=lent.manager,
            timeout=execution_timeout,
            startup_timeout=_START,
            kernel_name=kernel_name,
            extra_arguments=lent.arguments,
            record_timing=False,  # four times of each cell, which differ in every run
            log=logging.getLogger("papermill"),
        )
        save = nb_man.save

        def save_seldom(**_: object) -> None:
            if (nb_man.now() - nb_man.last_save_time).total_seconds() >= _SAVED_EVERY:
                save()

        nb_man.save = save_seldom
        try:
            client.execute()
            if not any(getattr(cell.metadata, "papermill", {}).get("exception") for cell in nb_man.nb.cells):
                reply = client.wait_for_reply(client.kc.execute(_RESET, silent=True))
                if reply["content"]["status"] != "ok":
                    raise NotebookError("its kernel could not be reset", todo="run it again")
        finally:
            del nb_man.save  # papermill saves at the end, whatever was raised
            atexit.unregister(client._cleanup_kernel)  # whoever lent the kernel ends it
            if client.kc is not None:
                client.kc.stop_channels()


papermill_engines.register(ENGINE, LentKernelEngine)
