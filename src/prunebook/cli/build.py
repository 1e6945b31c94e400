"""`prunebook build`"""

import time

from prunebook.page import build
from prunebook.runs import paths


def command(_options):
    """Run every page there is and build the book."""
    began = time.monotonic()
    page = build.build()
    print(f"built in {time.monotonic() - began:.0f} s: {page.relative_to(paths.root())}")
