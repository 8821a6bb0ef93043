"""Find the notebooks and execute one: unknown parameters are an error, and papermill's own word is never the verdict."""

from __future__ import annotations

import atexit
import logging
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

from migration_audit.model.errors import AuditError, NotebookError
from migration_audit.runner.kernels import Kernels, LentKernel
from migration_audit.runner.rendering import packaged_notebooks

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ENGINE = "lent kernel"
_START = 60
"""Seconds until a kernel must answer."""
_SAVED_EVERY = 5
"""Seconds. papermill itself writes the notebook before and after each cell, which was half of a run's processor time."""
_TIMES = ("start_time", "end_time", "duration")
"""Of each cell, which differ in every run; the notebook keeps its own."""
_RESET = "import IPython as _i; _i.get_ipython().reset(new_session=True)"
"""The next notebook begins with an empty namespace, and counts its cells from 1."""


def find_notebook(name: str, *, project_folder: Path) -> Path:
    """The user's own copy in ``notebooks/`` next to audit.toml, else the packaged one; raises NotebookError."""
    for folder in (project_folder / "notebooks", packaged_notebooks()):
        if (folder / name).is_file():
            return folder / name
    raise NotebookError(
        f"the notebook {name} does not exist", where=str(project_folder / "notebooks"), todo="reinstall the package"
    )


def execute(source: Path, output: Path, parameters: Mapping[str, Any], *, kernels: Kernels, timeout: int = 1800) -> None:
    """Execute ``source`` with exactly these parameters and write it to ``output``, also when it fails.

    Raises NotebookError when the notebook does not take a parameter, when it takes one without a default that is not given,
    and when a cell raises, times out, or the kernel dies. ``timeout`` is in seconds, for each cell. The kernel works in the
    caller's folder, so that a relative path in a variable (PGSERVICEFILE, sslrootcert) leads where the caller meant it to.
    """
    papermill = _papermill()
    from nbclient.exceptions import CellTimeoutError, DeadKernelError  # noqa: PLC0415  slow to import

    _check_parameters(papermill, source, parameters)
    log: Path | None = None
    try:
        with kernels.lend() as lent:
            log = lent.log
            executed = papermill.execute_notebook(
                _literal(source),
                _literal(output),
                parameters=dict(parameters),
                engine_name=_ENGINE,
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
                lent=lent,
                execution_timeout=timeout,
            )
            _check_end(executed, source)
    except papermill.exceptions.PapermillExecutionError as error:
        what = f"cell {error.exec_count} raised {error.ename}: {_ANSI.sub('', str(error.evalue)).strip()}"
        todo = f"open the executed {output.name} in the run's folder to see the cell"
        raise NotebookError(what, where=source.name, todo=todo) from None
    except AuditError:
        raise
    except CellTimeoutError as error:
        raise _too_slow(error, source, output, timeout) from None
    except DeadKernelError as error:
        raise NotebookError(
            f"its kernel ended unexpectedly{_last_words(log)}",
            where=source.name,
            todo="run the audit again; if it ends again, memory probably ran out: see the system's log",
        ) from error
    except Exception as error:
        reasons = [f"{type(error).__name__}: {_last_line(str(error))}", _last_line(_text(log) if log else "")]
        what = f"it did not finish: {', '.join(filter(None, reasons))}"
        todo = f"open the executed {output.name} in the run's folder to see how far it got"
        raise NotebookError(what, where=source.name, todo=todo) from error


def _last_words(log: Path | None) -> str:
    last = _last_line(_text(log) if log else "")
    return f"; its last output: {last}" if last else ""


def _too_slow(error: Exception, source: Path, output: Path, timeout: int) -> NotebookError:
    """The error of a cell that did not end; nbclient's own text ends with the cell's source between two rules."""
    lines = [line.strip() for line in _ANSI.sub("", str(error)).splitlines()]
    rules = [number for number, line in enumerate(lines) if set(line) == {"-"}]
    cell = lines[rules[0] + 1] if rules and rules[0] + 1 < len(lines) else ""
    what = f"the cell `{cell}`" if cell and set(cell) != {"-"} else "a cell"
    return NotebookError(
        f"{what} did not end within {timeout} s, and its kernel was killed",
        where=source.name,
        todo=f"open the executed {output.name} in the run's folder to see how far it got, and run the audit again",
    )


def _check_end(executed: Any, source: Path) -> None:
    """Raise NotebookError when a code cell did not run: ``sys.exit(0)`` ends a notebook without an exception."""
    skipped = [c for c in executed.cells if c.cell_type == "code" and c.source.strip() and c.execution_count is None]
    if skipped:
        raise NotebookError(
            f"it stopped before the cell `{skipped[0].source.strip().splitlines()[0]}`",
            where=source.name,
            todo="remove what ends it early, such as sys.exit",
        )


def _check_parameters(papermill: Any, source: Path, parameters: Mapping[str, Any]) -> None:
    try:
        known = papermill.inspect_notebook(_literal(source))
    except Exception as error:
        raise NotebookError(
            f"it cannot be read: {error}", where=source.name, todo="open and save it in JupyterLab, or restore it"
        ) from None
    if not known:
        raise NotebookError(
            "it has no parameters cell", where=source.name, todo="tag the cell with the defaults `parameters`"
        )
    unknown = sorted(parameters.keys() - known.keys())
    missing = sorted(known.keys() - parameters.keys())
    if unknown or missing:
        problems = [f"it does not define the parameter {name}" for name in unknown]
        problems += [f"the parameter {name} was not passed" for name in missing]
        raise NotebookError(
            "; ".join(problems), where=source.name, todo=f"its parameters cell defines: {', '.join(sorted(known))}"
        )


def _papermill() -> Any:
    # jsonschema's optional rfc3987_syntax compiles 39 grammars at import, over a second; nothing here needs it.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    import papermill  # noqa: PLC0415  slow to import, and most commands need none of it

    for name in ("papermill", "asyncio", "tornado.general", "traitlets"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong comes as an exception too
    return papermill


def _literal(path: Path) -> str:
    """A path that papermill's ``str.format`` leaves alone."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def _last_line(text: str) -> str:
    return next(reversed(_ANSI.sub("", text).strip().splitlines()), "")


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
            for cell in nb_man.nb.cells:
                for time in _TIMES:
                    cell.metadata.papermill.pop(time, None)
            del nb_man.save  # papermill saves at the end, whatever was raised
            atexit.unregister(client._cleanup_kernel)  # the lender of the kernel ends it
            if client.kc is not None:
                client.kc.stop_channels()


papermill_engines.register(_ENGINE, LentKernelEngine)
