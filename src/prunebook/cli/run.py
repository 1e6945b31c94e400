"""`prunebook run`"""

import os
import time

from prunebook.cli import progress, values
from prunebook.page import build, manifest, matrix, parameters
from prunebook.runs import paths


def command(options):
    """Check the parameters, run the page, show how far it is while it runs, and say what it found."""
    values.environment(options)
    item = manifest.item(options.item)
    given = values.parameters(options)
    checked = parameters.check(item.name, given)
    if options.deadline:
        os.environ["PRUNEBOOK_DEADLINE"] = repr(time.time() + options.deadline)
    began = time.monotonic()
    with progress.shown():
        target = build.execute(item.name, {name: checked[name] for name in given})
    found = matrix.sidecar(item) or {}
    print(f"{item.name}: {_found(found)}, in {time.monotonic() - began:.0f} s")
    for claim, word in found.get("verdicts", {}).items():
        print(f"  {claim}: {word}")
    print(os.path.relpath(target, paths.root()))


def _found(found):
    if not found.get("runs_needed"):
        return "done"
    return f"{found['runs_stored']} of {found['runs_needed']} runs at {found['scale']} (level: {found['level']})"
