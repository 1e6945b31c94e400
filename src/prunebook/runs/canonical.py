"""Values as JSON that reads back equal: the one spelling behind digests, records and checksums."""

import hashlib
import json
import math
import numbers

EXACT = 2**53  # up to here a float that is a whole number is that number
SPECIAL = "$float"  # JSON has no NaN and no infinity


def number(value):
    """A float as JSON can hold it; a whole number becomes an int, so that 1 and 1.0 are one value."""
    value = float(value)
    if not math.isfinite(value):
        return {SPECIAL: repr(value)}
    return int(value) if value.is_integer() and abs(value) <= EXACT else value


def encode(value, name, *, whole=False):
    """`value` as plain JSON types; TypeError names `name`. `whole`: write 1.0 as 1."""
    if hasattr(value, "tolist"):  # numpy scalars and arrays, tensors
        value = value.tolist()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, float):
        return number(value) if whole or not math.isfinite(value) else float(value)
    if isinstance(value, (list, tuple)):
        return [encode(v, f"{name}[{place}]", whole=whole) for place, v in enumerate(value)]
    if isinstance(value, dict) and not whole and all(isinstance(k, str) for k in value):
        return {k: encode(v, f"{name}.{k}") for k, v in value.items()}
    raise TypeError(
        f"{name}: a {type(value).__name__} cannot be stored; "
        "use None, a bool, a number, a string, or a list or tuple of these"
    )


def decode(value):
    """The inverse of `encode`; tuples come back as lists."""
    if isinstance(value, dict):
        if len(value) == 1 and SPECIAL in value:
            return float(value[SPECIAL])
        return {k: decode(v) for k, v in value.items()}
    return [decode(v) for v in value] if isinstance(value, list) else value


def dumps(value, *, sort=True):
    """Canonical JSON: sorted keys (or in the order given), no spaces, floats by repr."""
    return json.dumps(value, sort_keys=sort, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(value):
    """Hex digest of bytes, or of a JSON value in its canonical spelling."""
    return hashlib.sha256(value if isinstance(value, bytes) else dumps(value).encode()).hexdigest()
