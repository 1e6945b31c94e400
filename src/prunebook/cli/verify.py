"""`prunebook verify`"""

import math
from collections import Counter

from prunebook.cli import values
from prunebook.page.progress import reporter
from prunebook.runs import digest


def command(options):
    """Make stored runs of one kind again, print each comparison and the verdict; 1 if any is not equal."""
    from prunebook.runs.verify import fields, verify

    values.environment(options)
    compared = verify(options.kind, runs=options.runs, device=options.device or "auto", progress=reporter())
    if not compared:
        print(f"{options.kind}: nothing to verify; every stored run is of today's code, or of code that agrees with it")
        return 0
    described = [dict(fields(one.recipe)) for one in compared]
    shared = set.intersection(*(set(words.items()) for words in described))
    for one, words in zip(compared, described, strict=True):
        own = ", ".join(f"{name} {value}" for name, value in words.items() if (name, value) not in shared)
        off = f" (by {one.difference:.1e} of the largest)" if 0 < one.difference < math.inf else ""
        print(f"{one.verdict}{off}: {digest(one.recipe)} seed {one.stored.seed}{own and f', {own}'}")
    return _verdict(options.kind, compared)


def _verdict(kind, compared):
    """Print one line for each earlier version of the code; the exit code."""
    versions = Counter((one.stored.provenance["code"], one.new) for one in compared)
    bad = Counter((one.stored.provenance["code"], one.new) for one in compared if one.difference)
    for (old, new), count in versions.items():
        found = f"{bad[old, new]} of {count} runs are not equal; nothing is recorded" if bad[old, new] else \
            f"{count} of {count} runs are equal; recorded in data/published/verified.jsonl"
        print(f"{kind}, code {old} against {new}: {found}")
    if bad:
        said = next(one for one in compared if one.difference).stored.provenance
        made = f"made on {said.get('device')} with torch {said.get('versions', {}).get('torch')}"
        print(f"They were {made}, threads: {said.get('threads')}; elsewhere rounding may differ.")
    return 1 if bad else 0
