"""Verdict words and multiple testing, by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prunebook.page.evidence import Evidence, greater
from prunebook.page.manifest import Claim
from prunebook.page.verdicts import Claims, benjamini_hochberg, holm, plain, readable, verdict

PROBABILITIES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def found(p, favours=True, n=10):
    return Evidence(1.0 if favours else -1.0, -2.0, 2.0, p, n, "Welch", "points", favours)


def test_holm_by_hand():
    # sorted .01 .02 .03 .04, times 4 3 2 1: .04 .06 .06 .04, and never falling: .04 .06 .06 .06
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_holm_passes_over_what_was_not_tested():
    assert holm([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)


@given(PROBABILITIES)
def test_benjamini_hochberg_is_scipys(p):
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


@given(PROBABILITIES)
def test_holm_lies_between_the_raw_and_bonferroni(p):
    adjusted = holm(p)
    assert (adjusted >= np.array(p)).all()
    assert (adjusted <= np.minimum(1, np.array(p) * len(p))).all()


@pytest.mark.parametrize(
    ("evidence", "adjusted", "scale", "regime", "word"),
    [
        (found(0.01), 0.02, "paper", None, "holds"),
        (found(0.01, favours=False), 0.02, "paper", None, "does not hold"),
        (found(0.01), 0.2, "small", None, "undecided"),
        (found(math.nan, n=1), math.nan, "paper", None, "undecided"),
        (found(math.nan, favours=False), math.nan, "small", "short training", "undecided"),  # one run
        (found(0.01, favours=False), 0.02, "small", "short training", "regime not reached"),
        (found(0.01, favours=False), 0.02, "paper", "short training", "does not hold"),
        (found(0.01), 0.02, "small", "short training", "holds"),
        (found(0.01), 0.02, "smoke", None, "not run"),
        (found(math.nan, n=0), math.nan, "small", "short training", "not run"),
        (None, math.nan, "paper", None, "not run"),
    ],
)
def test_words(evidence, adjusted, scale, regime, word):
    assert verdict(evidence, adjusted, scale=scale, regime=regime) == word


def test_claims_of_one_page():
    claims = Claims("norms/fig2", [Claim("a", "A.", "paper"), Claim("b", "B.", "ours"), Claim("c", "C.", "paper")])
    claims.answer("a", found(0.03))
    claims.answer("b", found(0.04, favours=False))
    rows = claims.rows("paper")
    assert [row["verdict"] for row in rows] == ["undecided", "undecided", "not run"]  # .03 alone would have held
    assert [row["verdict"] for row in claims.rows("smoke")] == ["not run"] * 3
    assert readable(claims.rows("smoke")[0])["effect"] == "–"
    assert plain(rows[0])["adjusted_p"] == pytest.approx(0.06)
    with pytest.raises(ValueError, match=r"claim: 'bb' is unknown.*did you mean 'b'"):
        claims.answer("bb", found(0.01))


def test_a_regime_that_was_not_reached_is_named_beside_a_claim_that_holds():
    claims = Claims("norms/fig2", [Claim("a", "A.", "paper"), Claim("b", "B.", "paper")])
    claims.answer("a", found(0.001), regime="short training")
    claims.answer("b", found(0.001, favours=False), regime="short training")
    said = [readable(row)["verdict"] for row in claims.rows("small")]
    assert said == ["**holds**, although short training", "**regime not reached**: short training"]
    assert [readable(row)["verdict"] for row in claims.rows("paper")] == ["**holds**", "**does not hold**"]


def test_an_item_without_claims_answers_none():
    with pytest.raises(ValueError, match="lists no claims"):
        Claims("norms/fig1-left", []).answer("a", found(0.1))


def test_an_empty_arm_was_not_run():
    claims = Claims("x/y", [Claim("a", "A.", "paper")])
    claims.answer("a", greater([], [1.0, 2.0]))
    assert claims.rows("small")[0]["verdict"] == "not run"
