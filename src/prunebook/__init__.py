"""prunebook: methods and experiments of five papers on pruning data and pruning networks."""

import importlib

__version__ = "0.1.0"

_ROOMS = (
    "datasets", "features", "gradients", "measures", "models", "page", "recipes", "runs", "scores", "selection",
    "training",
)
_CALLS = {
    "results": "prunebook.runs.engine", "grid": "prunebook.recipes.grid", "load_subset": "prunebook.runs.shipped",
    "load_scores": "prunebook.runs.shipped",
}
__all__ = [*_ROOMS, *_CALLS]


def __getattr__(name):
    """Rooms and calls are imported when first used: a published page needs no torch."""
    if name in _ROOMS:
        return importlib.import_module(f"prunebook.{name}")
    if name in _CALLS:
        return getattr(importlib.import_module(_CALLS[name]), name)
    raise AttributeError(f"module 'prunebook' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
