"""Pages at smoke from an empty store, and again with nothing missing: limit over measured, so 1 is just met."""

import os
import subprocess
import sys
import tempfile
import time

from prunebook.page import manifest
from prunebook.runs import paths

FRESH, STORED, MEMORY = 15.0, 2.0, 3.0  # seconds, seconds besides the kernel's start, GiB
SCRIPT = "import sys; from prunebook.cli import main; sys.exit(main(sys.argv[1:]))"
EMPTY = """
import nbformat, papermill, sys
book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "P"}})
papermill.execute_notebook(book, sys.argv[1], progress_bar=False)
"""


def measured(command, folder):
    """Wall seconds and peak GiB (of the largest process) of a command with a store and an output folder of its own."""
    environment = {**os.environ, "PRUNEBOOK_STORE": f"{folder}/store", "PRUNEBOOK_EXECUTED": f"{folder}/executed"}
    watch = "import resource, subprocess, sys; r = subprocess.call(sys.argv[1:], stdout=sys.stderr); " \
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(r)"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", watch, *command], env=environment, cwd=paths.root(), check=True,
                          capture_output=True, text=True)
    return time.perf_counter() - start, int(done.stdout) / 2**20


def ratios():
    """Rows for the table of `python -m tests.benchmarks`."""
    with tempfile.TemporaryDirectory() as folder:
        kernel = measured([sys.executable, "-c", EMPTY, f"{folder}/empty.ipynb"], folder)[0]
        for item in (entry.name for entry in manifest.items() if entry.notebook):
            with tempfile.TemporaryDirectory(dir=folder) as store:
                command = [sys.executable, "-c", SCRIPT, "run", item, "--scale", "smoke"]
                fresh, memory = measured(command, store)
                again = measured(command, store)[0] - kernel
            for words, value, detail in (
                ("at smoke: 15 s over", FRESH / fresh, f"{fresh:.1f} s"),
                ("at smoke: 3 GiB over", MEMORY / memory, f"{memory:.2f} GiB"),
                ("with nothing missing: 2 s over", STORED / again, f"{again:.1f} s besides a kernel's {kernel:.1f} s"),
            ):
                yield {"name": f"{item} {words}", "ratio": value, "goal": 1.0, "detail": detail}
