"""Several comparisons at once: a claim that needs them all, and a table of those that no claim speaks of."""

import math

import numpy as np
import pandas as pd

from prunebook.page import show
from prunebook.page.means import NAN, Evidence
from prunebook.page.verdicts import LEVEL


def all_of(parts):
    """One Evidence for a claim that holds only if all of `parts`, {what is compared: Evidence}, hold.

    An intersection-union test: in favour with the largest p, which needs no correction. Against the claim speaks one
    part that speaks against it, with p times the number of parts (Bonferroni), because any of them would do. Effect,
    interval and unit are those of the part that decides, which `test` names; n is the smallest, so 0 if one part was
    not run. A part without p leaves p undefined, unless another speaks against. ValueError without parts.
    """
    if not parts:
        raise ValueError("parts: there are none; a claim needs at least one comparison")
    n = min(part.n for part in parts.values())
    against = {name: part for name, part in parts.items() if not part.favours and not math.isnan(part.p)}
    unknown = [name for name, part in parts.items() if math.isnan(part.p)]
    if against:
        name = min(against, key=lambda each: against[each].p)
        p = min(1.0, len(parts) * against[name].p)
    else:
        name = unknown[0] if unknown else max(parts, key=lambda each: parts[each].p)
        p = NAN if unknown else parts[name].p
    shown = parts[name]
    test = f"all of {len(parts)}; shown: {name}, {shown.test}" if len(parts) > 1 else shown.test
    return Evidence(shown.effect, shown.low, shown.high, p, n, test, shown.unit, not against)


def judged(parts, reasons):
    """(Evidence, reason) for a claim that needs all of `parts`; `reasons`: why `small` may not reach some of them.

    A part without such a reason that speaks against the claim decides alone. Otherwise the reason of the first part
    that has one and speaks against it comes back, or None.
    """
    free = {name: part for name, part in parts.items() if not reasons.get(name)}
    if free:
        alone = all_of(free)
        if not alone.favours and alone.p < LEVEL:
            return alone, None
    reached = [reasons[name] for name, part in parts.items() if reasons.get(name) and not part.favours]
    return all_of(parts), reached[0] if reached else None


def rows(parts):
    """A frame of comparisons, {what is compared: Evidence}: effect with 95 % interval, n, test, p; numbers as CSV."""
    shown = pd.DataFrame([
        {
            "comparison": name,
            "difference": show.with_interval(part.effect, part.low, part.high, part.unit) if part.n else "–",
            "n": part.n, "test": part.test, "p": show.p_value(part.p),
        }
        for name, part in parts.items()
    ])
    shown.attrs["long"] = pd.DataFrame([{"comparison": name, **vars(part)} for name, part in parts.items()])
    return shown


def shortfall(table, least=95.0, *, random=None, **where):
    """Why networks that fall below random may only be trained too little, a sentence, or None.

    `where`, {column: values}, chooses runs, and its columns tell arms apart. The reason is the lowest mean training
    accuracy of an arm, in percent, on the data kept, if it is below `least`: keeping the hardest examples helps
    networks that learn them, which the paper's did. `random`: runs on a random share. An arm whose examples are
    learned as well as those has kept no harder ones, so that more training is no reason.
    """
    for name, wanted in where.items():
        table = table[table[name].isin(wanted)]
    if table.empty or "train_accuracy" not in table:
        return None
    lowest = float(table.groupby(list(where))["train_accuracy"].mean().min())
    usual = np.inf if random is None or random.empty else float(random["train_accuracy"].mean())
    if lowest >= min(least, usual):
        return None
    beside = f" (a random share: {usual:.1f} %)" if np.isfinite(usual) else ""
    return f"training accuracy on the kept data is {lowest:.1f} %, below {least:g} %{beside}"
