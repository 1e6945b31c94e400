"""Statistics of scores that are averaged over networks, and how far they would change with other networks.

Left out is one network at a time. Drawing networks with replacement instead would average fewer distinct ones, and so
lower every correlation between averages: such an interval need not even hold the value it is for.
"""

from dataclasses import dataclass

import numpy as np

from prunebook.arrays.checks import integer
from prunebook.page.means import NAN, Evidence, student


@dataclass(frozen=True)
class LeftOut:
    """A statistic of all networks (`whole`), and for each group of networks the same without each one (size, ...)."""

    whole: np.ndarray
    without: tuple

    def above(self, reference=0.0, of=float, *, unit="ρ", correlation=False):
        """The number `of` the statistic is above `reference`: Student's t with the jackknife's standard error.

        Degrees of freedom are Satterthwaite's over the groups that it depends on, and n is the size of the smallest of
        these. A group of one network leaves interval and p undefined. `correlation`: the number is one, and error,
        interval and p are worked out on Fisher's scale, artanh, so that the interval ends before −1 and 1.
        """
        scale, back = (_artanh, np.tanh) if correlation else (np.float64, np.float64)
        parts, degrees = [], []
        for group in self.without:
            values = scale(np.array([of(value) for value in group], dtype=np.float64))
            if len(values) > 1 and np.ptp(values) == 0:
                continue
            parts.append((1 - 1 / len(values)) * ((values - values.mean()) ** 2).sum() if len(values) > 1 else NAN)
            degrees.append(len(values) - 1)
        effect, total = float(of(self.whole)), sum(parts)
        freedom = sum(part**2 / each for part, each in zip(parts, degrees, strict=True) if each)
        low, high, p = student(
            scale(effect), np.sqrt(total), total**2 / freedom if freedom else NAN, scale(reference)
        )
        n = min(degrees) + 1 if degrees else min(map(len, self.without))
        test = f"jackknife over networks, above {reference:g}"
        return Evidence(effect, float(back(low)), float(back(high)), p, n, test, unit, effect > reference)


def _artanh(correlation):
    """Fisher's scale; finite also where two rankings are the same."""
    return np.arctanh(np.clip(correlation, -1 + 1e-12, 1 - 1e-12))


def leave_one_out(statistic, *sizes):
    """LeftOut of `statistic`, which gets for each group of `sizes` networks the numbers (from 0) of those that are in.

    Networks behind several scores, such as the five that EL2N and forgetting have in common, are one group.
    """
    groups = [np.arange(integer("sizes", size, 1)) for size in sizes]
    whole, without = np.asarray(statistic(*groups), dtype=np.float64), []
    for place, group in enumerate(groups):
        kept = [[*groups[:place], np.delete(group, left), *groups[place + 1 :]] for left in group if len(group) > 1]
        without.append(np.array([statistic(*each) for each in kept]) if kept else whole[None])
    return LeftOut(whole, tuple(without))
