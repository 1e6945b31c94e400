"""How a result came about: code, versions, device, time and memory."""

import contextlib
import datetime
import os
import platform
import subprocess
import sys
import time
from functools import cache
from importlib import metadata

from prunebook.runs import closure, identity, paths

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn")


class Meter:
    """Wall time in seconds and peak memory in MiB of what happens after `Meter()` on `device`."""

    def __init__(self, device):
        self.device, self.started = device, time.perf_counter()
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as stream:
            stream.write("5")  # Linux: lets the high-water mark of this process start anew
        if device.startswith("cuda"):
            sys.modules["torch"].cuda.reset_peak_memory_stats(device)

    def seconds(self):
        return time.perf_counter() - self.started

    def memory(self):
        """Of the host process, or of the GPU's allocator for a CUDA device."""
        if self.device.startswith("cuda"):
            return sys.modules["torch"].cuda.max_memory_allocated(self.device) / 2**20
        with contextlib.suppress(OSError, StopIteration), open("/proc/self/status") as stream:
            return int(next(line for line in stream if line.startswith("VmHWM")).split()[1]) / 1024
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)


def origin(recipe, device):
    """What a record says of its code and machine; asked before the run, so that an error here costs nothing."""
    return {
        "flops": float(recipe.flops()),
        "device": device_name(device),
        "precision": precision(recipe),
        "code": closure.code(recipe),
        **commit(),
        "versions": versions(),
    }


def outcome(meter, runs, name):
    """What a record says of its job: seconds (its share), peak memory, threads, date and the group fused together."""
    seconds = meter.seconds()
    return {
        "seconds": seconds / runs,
        "peak_memory_mib": round(meter.memory(), 1),
        "threads": threads(),
        "group": {"name": name, "runs": runs, "seconds": seconds},
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def precision(recipe):
    """The precision that a recipe, or the settings inside it, ask for."""
    return next((part.precision for part in identity.parts(recipe) if hasattr(part, "precision")), "float32")


def threads():
    """Threads that torch uses; without torch, the cores this process may use."""
    torch = sys.modules.get("torch")
    return torch.get_num_threads() if torch else cores()


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


@cache
def device_name(device):
    """The model of a GPU or of the CPU, with the number of cores."""
    if device.startswith("cuda"):
        return sys.modules["torch"].cuda.get_device_name(device)
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo") as stream:
        model = next(line for line in stream if line.startswith("model name")).partition(":")[2].strip()
    return f"{model}, {cores()} cores"


@cache
def versions():
    """Package -> version; packages that are not installed are left out."""
    found = {"python": platform.python_version(), "prunebook": sys.modules["prunebook"].__version__}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


@cache
def commit():
    """The git commit of the checkout, and whether its sources differ from it; None where that is unknown."""
    try:
        folder = paths.root()
        head = _git(folder, "rev-parse", "HEAD")
        return {"commit": head, "dirty": bool(_git(folder, "status", "--porcelain", "--", "src", "notebooks"))}
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}


def _git(folder, *arguments):
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
