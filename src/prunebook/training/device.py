"""Where a training runs, and what to do when it does not fit there."""

import torch


def resolve_device(name="auto"):
    """Return the torch.device that `name` means: "auto" is CUDA where there is one, otherwise the CPU.

    Raises ValueError for an unknown name and where CUDA is asked for but there is none.
    """
    if isinstance(name, str) and name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ValueError(f"device: {name!r} is unknown; valid are 'auto', 'cpu', 'cuda' and 'cuda:<number>'")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device: {str(name)!r} is not there; torch sees {torch.cuda.device_count()} CUDA devices, "
                         "use 'cpu' or 'auto'")
    return device


def ran_out_of_memory(error):
    """Whether an exception says that memory ran out, on the host or on the GPU."""
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
