"""Claims and verdicts: Holm within a page, Benjamini-Hochberg over the book, and the five words."""

import math

import numpy as np

from prunebook.arrays import checks
from prunebook.page import show

LEVEL = 0.05
HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
UNREACHED, NOT_RUN = "regime not reached", "not run"
VERDICTS = (HOLDS, FAILS, UNDECIDED, UNREACHED, NOT_RUN)
BECAUSE = {UNREACHED: ": {}", HOLDS: ", although {}"}  # what is said of a regime that was not reached


def holm(p_values):
    """Holm's adjusted p-values (m,) -> (m,), NaN passed over: the family is what was tested."""
    p = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    adjusted = np.full(p.shape, np.nan)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)))
    return adjusted


def benjamini_hochberg(p_values):
    """Benjamini and Hochberg's adjusted p-values (m,) -> (m,), for the whole book; NaN passed over."""
    p = np.asarray(p_values, dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    m, adjusted = len(order), np.full(p.shape, np.nan)
    scaled = p[order] * m / np.arange(1, m + 1)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return adjusted


def verdict(evidence, adjusted, *, scale, regime=None):
    """The word for one claim from its evidence and its adjusted p; `regime`: why `small` cannot reach the claim."""
    if evidence is None or evidence.n == 0 or scale == "smoke":
        return NOT_RUN
    if math.isnan(adjusted):  # a single run: nothing was tested, whatever the regime
        return UNDECIDED
    word = UNDECIDED if adjusted >= LEVEL else HOLDS if evidence.favours else FAILS
    return UNREACHED if regime and scale == "small" and word != HOLDS else word


class Claims:
    """The claims of one item, as the manifest lists them, and what the page found for each."""

    def __init__(self, item, claims):
        self.item, self.claims = item, {claim.id: claim for claim in claims}
        self.answers = {}

    def answer(self, claim, evidence, regime=None):
        """Record the evidence for the claim with this id; a ValueError if the manifest has no such claim."""
        if not self.claims:
            raise ValueError(f"claim: the manifest lists no claims for {self.item}, so {claim!r} cannot be answered")
        checks.choice("claim", claim, tuple(self.claims))
        self.answers[claim] = (evidence, regime)

    def rows(self, scale):
        """One dict a claim, in the manifest's order: claim, text, source, evidence, adjusted p, regime, verdict."""
        answers = [self.answers.get(claim, (None, None)) for claim in self.claims]
        answers = [(evidence, regime if scale == "small" else None) for evidence, regime in answers]
        tested = [e.p if e is not None and e.n and scale != "smoke" else math.nan for e, _ in answers]
        return [
            {
                "claim": claim.id, "text": claim.text, "source": claim.source, "evidence": evidence, "regime": regime,
                "adjusted": float(adjusted), "verdict": verdict(evidence, adjusted, scale=scale, regime=regime),
            }
            for claim, (evidence, regime), adjusted in zip(self.claims.values(), answers, holm(tested), strict=True)
        ]


def readable(row):
    """One row of `Claims.rows` as the page's table shows it; of what was not run, nothing but the claim."""
    evidence, word = row["evidence"], row["verdict"]
    run = word != NOT_RUN
    return {
        "claim": row["text"],
        "source": row["source"],
        "effect": show.with_interval(evidence.effect, evidence.low, evidence.high, evidence.unit) if run else "–",
        "n": str(evidence.n) if run else "–",
        "test": evidence.test if run else "–",
        "p": show.p_value(row["adjusted"]),
        "verdict": f"**{word}**" + (BECAUSE.get(word, "").format(row["regime"]) if row["regime"] else ""),
    }


def plain(row):
    """One row of `Claims.rows` as plain values, for CSV and sidecar."""
    run = row["verdict"] != NOT_RUN
    fields = ("effect", "low", "high", "p", "n", "test", "unit")
    said = {name: getattr(row["evidence"], name) if run else None for name in fields}
    return {"claim": row["claim"], "source": row["source"], **said, "adjusted_p": row["adjusted"],
            "verdict": row["verdict"]}
