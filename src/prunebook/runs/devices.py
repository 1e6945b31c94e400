"""Which device a run is computed on, asked without loading torch where the answer needs none."""

import os
import sys

from prunebook.runs.provenance import cores, device_name

DRIVERS = ("/dev/nvidiactl", "/dev/dxg")  # without one of these, Linux has no CUDA


def resolve(device):
    """ "cpu", "cuda" or "cuda:<number>"; ValueError for other names and for CUDA where there is none."""
    name = str(device)
    if name == "cpu" or (name == "auto" and sys.platform == "linux" and not any(map(os.path.exists, DRIVERS))):
        return "cpu"
    from prunebook.training.device import resolve_device

    return str(resolve_device(name))


def describe_device(device):
    """(name, cores) of a resolved device; None cores for a GPU."""
    return device_name(device), cores() if device == "cpu" else None


def ran_out_of_memory(error):
    """Whether an exception, perhaps torch's, says that memory ran out."""
    if isinstance(error, MemoryError):
        return True
    if "torch" not in sys.modules:
        return False
    from prunebook.training.device import ran_out_of_memory as torch_ran_out

    return torch_ran_out(error)
