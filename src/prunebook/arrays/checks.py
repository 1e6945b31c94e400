"""Argument checks shared by every room: each error names the argument, what was wrong and what is valid."""

import difflib
import numbers

import numpy as np


def nearest(name, valid):
    """A hint with the valid name closest to `name`, or an empty string."""
    close = difflib.get_close_matches(str(name), [str(v) for v in valid], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def choice(argument, value, valid):
    """Return `value` if it is one of `valid`; otherwise a ValueError that lists them."""
    if value not in valid:
        listed = ", ".join(repr(v) for v in valid)
        raise ValueError(f"{argument}: {value!r} is unknown; valid are {listed}{nearest(value, valid)}")
    return value


def integer(argument, value, low, high=None):
    """Return `value` as an int in [low, high]; otherwise a ValueError."""
    span = f"an integer of at least {low}" if high is None else f"an integer from {low} to {high}"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise ValueError(f"{argument}: {value!r} is not valid; it must be {span}")
    if value < low or (high is not None and value > high):
        raise ValueError(f"{argument}: {value} is not valid; it must be {span}")
    return int(value)


def positive(argument, value):
    """Return `value` as a finite float above 0; otherwise a ValueError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not np.isfinite(value) or value <= 0:
        raise ValueError(f"{argument}: {value!r} is not valid; it must be a finite number above 0")
    return float(value)


def share(argument, value):
    """Return `value` as a float in (0, 1]; otherwise a ValueError."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < value <= 1:
        raise ValueError(f"{argument}: {value!r} is not valid; it must be a number above 0 and at most 1")
    return float(value)


def generator(seed):
    """The numpy Generator of `seed`: itself, or `default_rng(seed)` of an int of at least 0; otherwise a ValueError."""
    if isinstance(seed, np.random.Generator):
        return seed
    if isinstance(seed, (bool, np.bool_)) or not isinstance(seed, numbers.Integral) or seed < 0:
        raise ValueError(f"seed: {seed!r} is not valid; it must be an integer of at least 0 or a numpy Generator")
    return np.random.default_rng(int(seed))


def rows(argument, value):
    """Return a finite, non-empty (N, d) array or tensor as a floating torch tensor that shares memory where it can.

    float32 and float64 stay as they are; half precision and integers go up to the next type that holds them.
    """
    tensor = _tensor(argument, value)
    if tensor.ndim != 2 or 0 in tensor.shape:
        raise ValueError(
            f"{argument}: shape {tuple(tensor.shape)} is not valid; it must be (rows, columns), at least one of each"
        )
    low, high = tensor.aminmax()  # one pass without a temporary; NaN propagates
    if not (low.isfinite() and high.isfinite()):
        bad = int((~tensor.isfinite().all(1)).nonzero()[0, 0])
        raise ValueError(f"{argument}: row {bad} holds NaN or infinity; every value must be finite")
    return tensor


def _tensor(argument, value):
    import torch

    if not isinstance(value, torch.Tensor):
        array = np.asarray(value)
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            raise ValueError(
                f"{argument}: type {array.dtype} is not valid; it must hold real numbers of 64 bits at most"
            )
        if array.dtype == np.uint16 or array.dtype.kind == "u" and array.dtype.itemsize > 2:
            array = array.astype(np.float64)
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        # torch takes neither read-only arrays nor negative strides without complaint
        value = torch.from_numpy(np.require(array, requirements=["C", "W"]))
    value = value.detach()
    if value.is_complex():
        raise ValueError(f"{argument}: type {value.dtype} is not valid; it must hold real numbers")
    if value.dtype in (torch.float32, torch.float64):
        return value
    small = value.dtype in (torch.float16, torch.bfloat16, torch.uint8, torch.int8, torch.int16, torch.bool)
    return value.to(torch.float32 if small else torch.float64)


def probabilities(argument, value):
    """Return (N, C) class probabilities as a torch tensor: in [0, 1], rows that sum to 1 within 1 %."""
    tensor = rows(argument, value)
    if tensor.min() < 0 or tensor.max() > 1.01 or (tensor.sum(1) - 1).abs().max() > 0.01:
        raise ValueError(f"{argument}: not valid; values must lie in [0, 1] and every row must sum to 1")
    return tensor


def indices(argument, value, size):
    """Return row numbers as int64 (n,): distinct integers in [0, size); otherwise a ValueError."""
    array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    if array.size == 0:
        return np.empty(0, dtype=np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            f"{argument}: {array.ndim}-dimensional {array.dtype} is not valid; it must be a list of row numbers"
        )
    outside = array[(array < 0) | (array >= size)]
    if outside.size:
        raise ValueError(f"{argument}: {outside[0]} is not valid; row numbers lie between 0 and {size - 1}")
    values, counts = np.unique(array, return_counts=True)
    if (counts > 1).any():
        raise ValueError(f"{argument}: {values[counts > 1][0]} is there more than once; row numbers must be distinct")
    return array.astype(np.int64)


def pool(budget, labeled, size):
    """Check `budget` and `labeled` against `size` rows: returns (budget, labeled (L,), unlabeled (U,) ascending)."""
    labeled = indices("labeled", labeled, size)
    mask = np.ones(size, dtype=bool)
    mask[labeled] = False
    unlabeled = np.flatnonzero(mask)
    if not unlabeled.size:
        raise ValueError(f"labeled: all {size} rows are labeled, nothing is left to pick; at most {size - 1} may be")
    return integer("budget", budget, 1, unlabeled.size), labeled, unlabeled
