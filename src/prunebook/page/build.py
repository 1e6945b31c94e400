"""From notebooks to the book: run every page with papermill, write the matrix, render, then look at the result."""

import contextlib
import logging
import multiprocessing
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from prunebook.page import findings, manifest, matrix, scan, toc
from prunebook.runs import paths

PARALLEL = 2  # pages at once: more would share the same two cores, and a page may hold a data set in memory

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main()"  # it has no __main__, and need not be on PATH


class BuildError(Exception):
    """What went wrong in one sentence, fit for the terminal."""


def execute(name, parameters=None):
    """Run the page of item `name` with papermill; returns the path of the executed notebook.

    BuildError says which cell's error stopped it; what was executed so far is kept beside the message.
    """
    import jupytext
    import papermill

    root, item = paths.root(), manifest.item(name)
    source = matrix.source(item)
    if source is None:
        raise BuildError(f"{name}: there is no page for this item yet; `prunebook list` marks those that have one")
    target = matrix.executed(item)
    target.parent.mkdir(parents=True, exist_ok=True)
    _prepare()
    try:
        papermill.execute_notebook(
            jupytext.read(source), str(target), parameters=parameters or {}, cwd=str(root),
            progress_bar=False, log_output=False, extra_arguments=["--log-level=CRITICAL"],
        )  # fmt: skip
    except papermill.PapermillExecutionError as error:
        place = os.path.relpath(target, root)
        raise BuildError(f"{name}: {_last_line(error)} (the cells up to it are in {place})") from None
    return target


def execute_all(names, parameters=None):
    """Run the pages of all `names` alike, a few at a time; `{name: None or the error's sentence}`."""
    if not names:
        return {}
    context = multiprocessing.get_context("spawn")
    at_once = min(PARALLEL, len(names))
    with ProcessPoolExecutor(at_once, mp_context=context, initializer=_share_cores, initargs=(at_once,)) as pool:
        waiting = {name: pool.submit(execute, name, parameters) for name in names}
        return {name: _sentence(future.exception()) for name, future in waiting.items()}


def _share_cores(processes):
    """Threads of this process and its kernels: waiting for each other, too many take many times as long."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // processes)))


def build(*, strict=True, report=print):
    """Run every page there is and build the book; returns the path of its first HTML page.

    `strict` makes every warning of the renderer and every fault that the scan finds an error (BuildError).
    """
    names = [item.name for item in manifest.items() if matrix.source(item)]
    report(f"running {len(names)} pages")
    failed = {name: sentence for name, sentence in execute_all(names).items() if sentence}
    if failed:
        raise BuildError("\n".join(failed.values()))
    matrix.write()
    findings.write()
    toc.write()
    report("building the book")
    render(strict=strict)
    faults = scan.book(paths.root(), toc.files())
    if faults and strict:
        raise BuildError("\n".join(faults))
    return paths.root() / "_build" / "html" / "book" / "index.html"


def render(*, strict=True):
    """Render _toc.yml with jupyter-book, always from nothing, so that no warning hides in a cache."""
    shutil.rmtree(paths.root() / "_build", ignore_errors=True)
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", ".", "--quiet"]
    command += ["-n", "-W", "--keep-going"] if strict else []
    done = subprocess.run(command, cwd=paths.root(), capture_output=True, text=True)
    if done.returncode:
        raise BuildError(f"the book could not be rendered:\n{_complaints(done.stdout + done.stderr)}")


def _prepare():
    """Make the first page not pay, nor print, for what is done once a machine."""
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with contextlib.redirect_stderr(None):
        import matplotlib.font_manager  # noqa: F401


def _last_line(error):
    """The error's name and what it says; of a list, such as that of failed runs, the head and the first entry."""
    said = [line.strip() for line in str(error.evalue).strip().splitlines()[:2]]
    return f"{error.ename}: {' '.join(said) or 'no message'}"


def _sentence(error):
    return None if error is None else str(error) or type(error).__name__


def _complaints(output):
    lines = [line for line in output.splitlines() if any(word in line for word in ("WARNING", "ERROR", "Error"))]
    return "\n".join(lines or output.splitlines()[-20:])
