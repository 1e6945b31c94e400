"""Forgetting events: how often a training example goes from correct to wrong (Toneva et al. 2019; Data Diet, B.3)."""

import numbers

import numpy as np


def forgetting_events(correct, *, seen=None, never_learned=None):
    """Count the steps from correct to wrong of each example: (epochs, N) bool -> (N,), as numpy.

    `correct`: whether the prediction was right, an epoch a row, in order; before the first an example counts as wrong.
    `seen` (epochs, N): where it is false the example was not looked at, and its state stays what it was before.
    `never_learned`: what examples that were never correct get, for instance math.inf, as the authors have it; the
    result is then float64. With None it is the plain count, int64, in which they have 0, like those learned for good:
    `never_learned(correct)` tells the two apart. Raises ValueError for anything but non-empty booleans of one shape.
    """
    if never_learned is not None and not _number(never_learned):
        raise ValueError(f"never_learned: {never_learned!r} is not valid; it must be None, a number or infinity")
    correct, seen = _flags(correct, seen)
    learned = np.zeros(correct.shape[1], dtype=bool)
    events = np.zeros(correct.shape[1], dtype=np.int64)
    for right, looked in zip(correct, seen):
        events += learned & looked & ~right
        learned = np.where(looked, right, learned)
    if never_learned is None:
        return events
    return np.where(_ever(correct, seen), events, float(never_learned))


def never_learned(correct, *, seen=None):
    """Which examples were not correct in any epoch in which they were seen: (epochs, N) bool -> (N,) bool."""
    return ~_ever(*_flags(correct, seen))


def _ever(correct, seen):
    return (correct & seen).any(0)


def _number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_)) and not np.isnan(value)


def _flags(correct, seen):
    correct = _array("correct", correct)
    if correct.ndim != 2 or 0 in correct.shape:
        raise ValueError(
            f"correct: shape {correct.shape} is not valid; it must be (epochs, examples), at least one of each"
        )
    seen = np.ones_like(correct) if seen is None else _array("seen", seen)
    if seen.shape != correct.shape:
        raise ValueError(f"seen: shape {seen.shape} is not valid; it must be that of correct, {correct.shape}")
    return correct, seen


def _array(argument, value):
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    if array.dtype != bool:
        raise ValueError(f"{argument}: type {array.dtype} is not valid; it must hold booleans")
    return array
