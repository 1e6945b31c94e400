"""Pages: what a notebook calls to show an experiment, and what the book is built from; no torch is loaded."""

import importlib

_CALLS = {"begin": "session", "check": "parameters", "ParameterError": "parameters", "experiment_of": "notebook"}
__all__ = [*_CALLS]


def __getattr__(name):
    # Imported when first used: `prunebook list` needs neither pandas nor matplotlib.
    if name in _CALLS:
        return getattr(importlib.import_module(f"prunebook.page.{_CALLS[name]}"), name)
    raise AttributeError(f"module 'prunebook.page' has no attribute {name!r}")
