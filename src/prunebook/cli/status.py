"""`prunebook status`"""

import json
from collections import Counter

from prunebook.page import status


def command(options):
    """Print level, runs and verdicts of every item."""
    found = status.every()
    if options.json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'item':<32} {'level':<8} {'scale':<6} {'runs':>12}  claims")
    for row in found:
        runs = f"{row['runs_stored']} of {row['runs_needed']}" if row["runs_needed"] else ""
        words = ", ".join(f"{count} {word}" for word, count in Counter(row["verdicts"].values()).most_common())
        print(f"{row['item']:<32} {row['level']:<8} {row['scale'] or '':<6} {runs:>12}  {words}".rstrip())
