"""Tests of association: rank correlation, regression beside covariates, ordered trends, bootstrap."""

import numpy as np
from scipy import special

from prunebook.arrays import checks
from prunebook.arrays.ranks import spearman
from prunebook.page.means import NAN, Evidence, critical, mean_interval, values_of

INDEPENDENT = 1e-9  # share of x that must be left beside the covariates, relative to x, to speak of a coefficient


def correlation(x, y, *, expected="positive", margin=0.1, resamples=2000, seed=0):
    """Spearman's ρ of x (n,) and y (n,) with a bootstrap interval; expected "positive", "negative" or "none".

    "none" is an equivalence: |ρ| < margin, by two one-sided tests on Fisher's z.
    """
    checks.choice("expected", expected, ("positive", "negative", "none"))
    x, y = values_of("x", x), values_of("y", y)
    if x.size != y.size:
        raise ValueError(f"x, y: {x.size} and {y.size} values cannot be pairs")
    n = x.size
    test = "Spearman" if expected != "none" else f"Spearman, equivalence within ± {margin:g}"
    if n < 4 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Evidence(NAN, NAN, NAN, NAN, n, test, "ρ")
    rho = spearman(x, y)
    draws = np.random.default_rng(seed).integers(n, size=(resamples, n))
    low, high = np.nanpercentile(_rank_correlation(x, y, draws), [2.5, 97.5])
    if expected == "none":
        p, favours = _no_correlation(rho, n, margin)
    else:
        with np.errstate(divide="ignore"):
            t = abs(rho) * np.sqrt((n - 2) / np.float64(max(0.0, 1 - rho**2)))
        p, favours = 2 * float(special.stdtr(n - 2, -t)), (rho > 0) == (expected == "positive")
    return Evidence(rho, float(low), float(high), p, n, test, "ρ", bool(favours))


def _rank_correlation(x, y, draws):
    """Spearman's ρ of every resample in `draws` (resamples, n), ties at their mean rank; NaN for a constant one."""
    ranks = [_mean_ranks(values, draws) for values in (x, y)]
    ranks = [r - r.mean(axis=1, keepdims=True) for r in ranks]
    with np.errstate(invalid="ignore", divide="ignore"):
        return (ranks[0] * ranks[1]).sum(1) / np.sqrt((ranks[0] ** 2).sum(1) * (ranks[1] ** 2).sum(1))


def _mean_ranks(values, draws):
    _, codes = np.unique(values, return_inverse=True)
    drawn, kinds = codes[draws], codes.max() + 1
    flat = (drawn + kinds * np.arange(len(drawn))[:, None]).ravel()
    counts = np.bincount(flat, minlength=kinds * len(drawn)).reshape(len(drawn), kinds)
    return np.take_along_axis(counts.cumsum(axis=1) - (counts - 1) / 2, drawn, axis=1)


def _no_correlation(rho, n, margin):
    # 1.06 / (n − 3): the variance of Fisher's z for Spearman's ρ (Fieller, Hartley and Pearson, 1957).
    z, bound, error = np.arctanh(min(abs(rho), 1 - 1e-15)), np.arctanh(margin), np.sqrt(1.06 / (n - 3))
    inside = float(special.ndtr((z - bound) / error))
    outside = min(1.0, 2 * float(special.ndtr((bound - z) / error)))
    return (inside, True) if inside <= outside else (outside, False)


def beyond(y, x, covariates, *, unit="points a unit"):
    """The coefficient of x (n,) in y (n,) beside `covariates` (n, k), by least squares; collinear columns drop out.

    With the whole vector of class counts as covariates: does x predict beyond the class mix? A positive one favours.
    """
    y, x = values_of("y", y), values_of("x", x)
    covariates = np.asarray(covariates, dtype=np.float64).reshape(len(x), -1) if len(x) else np.zeros((0, 0))
    test, n = f"regression beside {covariates.shape[1]} covariates", x.size
    design = np.column_stack([np.ones(n), covariates]) if n else covariates
    if n < 3:
        return Evidence(NAN, NAN, NAN, NAN, n, test, unit)
    rank = np.linalg.matrix_rank(design)
    rest_x, rest_y = (v - design @ np.linalg.lstsq(design, v, rcond=None)[0] for v in (x, y))
    degrees = n - rank - 1
    if degrees < 1 or np.linalg.norm(rest_x) <= INDEPENDENT * max(np.linalg.norm(x - x.mean()), np.finfo(float).tiny):
        return Evidence(NAN, NAN, NAN, NAN, n, test, unit)
    coefficient = float(rest_x @ rest_y / (rest_x @ rest_x))
    spread = rest_y - coefficient * rest_x
    error = float(np.sqrt(spread @ spread / degrees / (rest_x @ rest_x)))
    p = 2 * float(special.stdtr(degrees, -abs(coefficient) / error)) if error > 0 else NAN
    half = critical(degrees) * error
    return Evidence(coefficient, coefficient - half, coefficient + half, p, n, test, unit, coefficient > 0)


def slopes(values, positions):
    """The least-squares slope of each row of `values` (seeds, levels) over `positions` (levels,): one a seed."""
    values, positions = np.asarray(values, dtype=np.float64), values_of("positions", positions)
    centred = positions - positions.mean()
    return (values - values.mean(axis=1, keepdims=True)) @ centred / (centred @ centred)


def trend(values, *, increasing=True):
    """Page's test that `values` (seeds, levels) rise (or fall) with the level; effect: mean rank correlation a seed."""
    values = np.asarray(values, dtype=np.float64)
    values_of("values", values.ravel())
    test, n = "Page's trend test", len(values)
    if n < 2 or values.shape[1] < 3:
        return Evidence(NAN, NAN, NAN, NAN, n, test, "ρ with the order")
    from scipy.stats import page_trend_test  # a second to import, and few pages need it

    order = np.arange(values.shape[1], dtype=float)
    own = [spearman(order, row) if np.ptp(row) else 0.0 for row in values]
    effect, low, high = mean_interval(own)
    tails = [page_trend_test(side).pvalue for side in (values, values[:, ::-1])]
    p = min(1.0, 2 * float(min(tails)))
    return Evidence(effect, max(low, -1.0), min(high, 1.0), p, n, test, "ρ with the order", (effect > 0) == increasing)


def bootstrap(values, statistic, reference=0.0, *, unit="", resamples=0, seed=0):
    """statistic(values) is above `reference`: percentile interval over resamples, p from their share beyond it.

    `resamples=0`: 1,000, or 300 where more than 10,000 values make each one slow.
    """
    values = values_of("values", values)
    if values.size < 2:
        return Evidence(NAN, NAN, NAN, NAN, values.size, "bootstrap", unit)
    rng, effect = np.random.default_rng(seed), float(statistic(values))
    resamples = resamples or (1000 if values.size <= 10_000 else 300)
    drawn = np.array([statistic(values[rng.integers(values.size, size=values.size)]) for _ in range(resamples)])
    low, high = np.percentile(drawn, [2.5, 97.5])
    tails = [(np.sum(side) + 1) / (resamples + 1) for side in (drawn <= reference, drawn >= reference)]
    p = min(1.0, 2 * float(min(tails)))
    return Evidence(effect, float(low), float(high), p, values.size, f"bootstrap, above {reference:g}", unit,
                    effect > reference)
