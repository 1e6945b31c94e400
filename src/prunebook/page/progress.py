"""Progress goes to the terminal, never into the page."""

import os
import sys
import time

from prunebook.runs.plan import duration


def reporter():
    """`progress(done, total, label, seconds)` that writes a line to PRUNEBOOK_PROGRESS, or to the terminal.

    In a notebook's kernel without that variable nothing is written: its standard error is part of the page.
    """
    target = os.environ.get("PRUNEBOOK_PROGRESS")
    if not target and "ipykernel" in sys.modules:
        return None
    began = time.monotonic()

    def progress(done, total, label, seconds):
        passed = time.monotonic() - began
        left = f", about {duration(passed / done * (total - done))} left" if 0 < done < total else ""
        line = f"{done:.0f} of {total} runs, {label}{left}\n"
        if target:
            with open(target, "a", encoding="utf-8") as stream:
                stream.write(line)
        elif sys.__stderr__:
            sys.__stderr__.write(line)

    return progress


def seconds_left():
    """Seconds until PRUNEBOOK_DEADLINE, None without one; it is a moment (since 1970), or a duration if below 10⁸."""
    named = os.environ.get("PRUNEBOOK_DEADLINE")
    if not named:
        return None
    try:
        moment = float(named)
    except ValueError:
        raise ValueError(f"PRUNEBOOK_DEADLINE: {named!r} is not a number of seconds") from None
    return max(0.0, moment - time.time()) if moment >= 1e8 else max(0.0, moment)
