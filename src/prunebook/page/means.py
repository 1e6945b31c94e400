"""Tests of means: A above B, A as good as B, a summary above a reference, and what n replicates can detect.

Two-sided p at 5 %, except for equivalence, where p is the larger of the two one-sided ones. Fewer than two values a
group, or no spread at all, leave p and the interval undefined (NaN): the verdict is then *undecided*, never an error.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

NAN = float("nan")


@dataclass(frozen=True)
class Evidence:
    """What a test found: `effect` in `unit` with its 95 % interval, `p`, and whether p speaks for the claim.

    `n` is the number of replicates, in the smaller group where there are two; 0 means that nothing has been run.
    """

    effect: float
    low: float
    high: float
    p: float
    n: int
    test: str
    unit: str = ""
    favours: bool = True


def values_of(argument, values):
    """`values` as a one-dimensional float64 array; a ValueError if some are not finite."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{argument}: has {array.ndim} dimensions; it must be a list of numbers, one a replicate")
    if not np.isfinite(array).all():
        raise ValueError(f"{argument}: {int((~np.isfinite(array)).sum())} of {array.size} values are not finite")
    return array


def critical(degrees, confidence=0.95):
    """The quantile of Student's t that a two-sided interval of this confidence needs."""
    return float(special.stdtrit(degrees, 0.5 + confidence / 2))


def mean_interval(values, confidence=0.95):
    """Mean and t-interval of replicates, (mean, low, high); the bounds are NaN below two values."""
    values = values_of("values", values)
    if values.size < 2:
        return (float(values.mean()) if values.size else NAN), NAN, NAN
    half = critical(values.size - 1, confidence) * values.std(ddof=1) / np.sqrt(values.size)
    mean = float(values.mean())
    return mean, mean - float(half), mean + float(half)


def _difference(a, b, paired):
    """Difference of means, its standard error, degrees of freedom and n; the error is NaN where it is unknown."""
    if paired:
        a, b = _aligned(a, b)
        gaps = values_of("a", a) - values_of("b", b)
        n = gaps.size
        effect = float(gaps.mean()) if n else NAN
        return effect, (float(gaps.std(ddof=1) / np.sqrt(n)) if n > 1 else NAN), n - 1, n
    a, b = values_of("a", a), values_of("b", b)
    n = min(a.size, b.size)
    if n < 2:
        return (float(a.mean() - b.mean()) if n else NAN), NAN, 0, n
    parts = np.array([a.var(ddof=1) / a.size, b.var(ddof=1) / b.size])
    total = parts.sum()
    degrees = total**2 / (parts**2 / [a.size - 1, b.size - 1]).sum() if total else n - 1
    return float(a.mean() - b.mean()), float(np.sqrt(total)), float(degrees), n


def _aligned(a, b):
    if hasattr(a, "index") and hasattr(b, "index") and not isinstance(a, (list, tuple)):
        common = a.index.intersection(b.index)
        return a.loc[common], b.loc[common]
    if len(a) != len(b):
        raise ValueError(f"a, b: {len(a)} and {len(b)} values cannot be paired")
    return a, b


def student(effect, error, degrees, against=0.0):
    """Low, high and the two-sided p of `effect` differing from `against`; NaN where the error is unknown or zero."""
    if not np.isfinite(error):
        return NAN, NAN, NAN
    half = critical(degrees) * error
    p = 2 * float(special.stdtr(degrees, -abs(effect - against) / error)) if error > 0 else NAN
    return effect - half, effect + half, p


def greater(a, b, *, paired=False, margin=0.0, unit="points"):
    """A > B: Welch's test, or the paired t-test. With `margin` > 0: A is not below B by more than the margin."""
    effect, error, degrees, n = _difference(a, b, paired)
    low, high, p = student(effect, error, degrees, -margin)
    test = ("paired t" if paired else "Welch") + (f", not below by {margin:g}" if margin else "")
    return Evidence(effect, low, high, p, n, test, unit, bool(effect > -margin))


def above(values, reference=0.0, *, unit="points"):
    """The mean of one summary a seed (a slope, an area) is above `reference`: one-sample t-test."""
    values = values_of("values", values)
    mean, low, high = mean_interval(values)
    error = float(values.std(ddof=1) / np.sqrt(values.size)) if values.size > 1 else NAN
    p = student(mean, error, values.size - 1, reference)[2]
    return Evidence(mean, low, high, p, values.size, f"t, above {reference:g}", unit, bool(mean > reference))


def equivalent(a, b, margin, *, paired=False, unit="points"):
    """A ≈ B within ± `margin`, fixed beforehand: two one-sided tests; for the opposite, |A − B| > margin."""
    if not margin > 0:
        raise ValueError(f"margin: {margin!r} is not valid; it must be above 0")
    effect, error, degrees, n = _difference(a, b, paired)
    low, high, _ = student(effect, error, degrees)
    p, favours = _two_one_sided(effect, error, degrees, margin)
    return Evidence(effect, low, high, p, n, f"equivalence within ± {margin:g}", unit, favours)


def _two_one_sided(effect, error, degrees, margin):
    if not np.isfinite(error) or error <= 0:
        return NAN, True
    inside = float(special.stdtr(degrees, (abs(effect) - margin) / error))
    outside = min(1.0, 2 * float(special.stdtr(degrees, (margin - abs(effect)) / error)))
    return (inside, True) if inside <= outside else (outside, False)


def detectable(n, *, paired=False, power=0.8, level=0.05):
    """The smallest difference, in standard deviations, that a t-test with n (an arm) finds with this power."""
    degrees, root = (n - 1, np.sqrt(n)) if paired else (2 * n - 2, np.sqrt(n / 2))
    bound = critical(degrees, 1 - level)

    def reached(difference):
        shift = difference * root
        return 1 - special.nctdtr(degrees, shift, bound) + special.nctdtr(degrees, shift, -bound) >= power

    low, high = 0.0, 0.5
    while not reached(high):  # doubled, because far out the noncentral t is not computed
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
