"""Values as they are typed: durations, parameters of a page, places."""

import argparse
import os
import re
from pathlib import Path

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text):
    """Seconds of "90", "90s", "9m", "1.5h" or "1h30m"; an argparse error for anything else."""
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 9m, 2h or 1h30m")
    seconds = sum(float(number) * UNITS[unit or "s"] for number, unit in parts)
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration above 0")
    return seconds


def parameters(options):
    """`{name: text}` of the page's parameters that were given, --scale and --device among them."""
    given = {}
    for name, text in [*options.parameters, ("scale", options.scale), ("device", options.device)]:
        if text is None:
            continue
        if name in given and given[name] != text:
            raise ValueError(f"{name}: given twice, as {given[name]!r} and as {text!r}")
        given[name] = text
    return given


def environment(options):
    """Put the places that were given where the kernel of the page finds them."""
    if options.store:
        os.environ["PRUNEBOOK_STORE"] = str(Path(options.store).expanduser().resolve())
    if getattr(options, "data", None):
        root = Path(options.data).expanduser().resolve()
        if not root.is_dir() and not options.download:
            raise ValueError(f"--data: there is no folder {root}; name another, or add --download to make it")
        os.environ["PRUNEBOOK_DATA"] = str(root)
    if getattr(options, "download", False):
        os.environ["PRUNEBOOK_DOWNLOAD"] = "1"
