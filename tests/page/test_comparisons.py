"""Claims made of several comparisons, against their definition and a simulation."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prunebook.page.comparisons import all_of, judged, rows, shortfall
from prunebook.page.evidence import Evidence, greater
from prunebook.page.verdicts import verdict

LOW, HIGH = [1.0, 1.2, 0.9, 1.1], [3.0, 3.1, 2.8, 3.3]


def test_all_in_favour_is_as_sure_as_the_weakest():
    middle = [1.5, 1.9, 1.2, 1.6]
    parts = {"high": greater(HIGH, LOW), "middle": greater(middle, LOW)}
    found = all_of(parts)
    weakest = stats.ttest_ind(middle, LOW, equal_var=False)
    assert found.p == pytest.approx(weakest.pvalue)
    assert found.effect == pytest.approx(np.mean(middle) - np.mean(LOW))
    assert found.favours
    assert found.test == "all of 2; shown: middle, Welch"


def test_one_against_is_enough_but_is_corrected():
    parts = {"high": greater(HIGH, LOW), "low": greater(LOW, HIGH), "same": greater(HIGH, LOW)}
    found = all_of(parts)
    assert not found.favours
    assert found.p == pytest.approx(3 * parts["low"].p)
    assert verdict(found, found.p, scale="paper") == "does not hold"


def test_what_was_not_run_or_has_no_p_decides_nothing():
    none, single = greater([], LOW), greater([1.0], LOW)
    assert all_of({"a": greater(HIGH, LOW), "b": none}).n == 0
    assert math.isnan(all_of({"a": greater(HIGH, LOW), "b": single}).p)
    assert not all_of({"a": greater(LOW, HIGH), "b": single}).favours
    assert all_of({"a": greater(HIGH, LOW)}) == greater(HIGH, LOW)
    with pytest.raises(ValueError, match="at least one"):
        all_of({})


def test_errors_stay_below_five_percent():
    # Three nulls: both wrong answers, each at its least favourable point, where only one part is in question.
    rng, draws, wrong = np.random.default_rng(0), 1500, {True: 0, False: 0}
    for _ in range(draws):
        base = rng.normal(size=8)
        parts = {str(i): greater(rng.normal(size=8), base) for i in range(3)}
        for favours in wrong:
            far = Evidence(9.0, 8.0, 10.0, 1e-9, 8, "far")
            found = all_of({"0": parts["0"], "far": far} if favours else parts)
            wrong[favours] += found.p < 0.05 and found.favours is favours
    assert max(wrong.values()) / draws < 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)


def test_rows_show_effects_and_keep_the_numbers():
    frame = rows({"high above low": greater(HIGH, LOW), "nothing": greater([], LOW)})
    assert frame["difference"].tolist() == [frame["difference"][0], "–"]
    assert frame["difference"][0].startswith("2.0")
    assert frame.attrs["long"]["p"][0] == pytest.approx(stats.ttest_ind(HIGH, LOW, equal_var=False).pvalue)


def test_a_shortfall_is_that_of_the_worst_arm():
    table = pd.DataFrame({
        "method": ["el2n", "el2n", "grand", "random"], "keep": 0.5, "train_accuracy": [80.0, 90.0, 97.0, 20.0],
    })
    assert "85.0 %" in shortfall(table, method=["el2n", "grand"])
    assert shortfall(table, method=["grand"]) is None
    assert shortfall(table, method=["forgetting"]) is None
    assert "97.0 %, below 98 %" in shortfall(table, least=98, method=["grand"], keep=[0.5])


def test_examples_learned_as_well_as_random_ones_are_no_harder():
    table = pd.DataFrame({"method": ["el2n", "grand", "random", "random"], "train_accuracy": [65.0, 84.0, 81.0, 83.0]})
    share = table[table.method == "random"]
    assert "65.0 %" in shortfall(table, random=share, method=["el2n"])
    assert "65.0 %" in shortfall(table, random=share, method=["el2n", "grand"])
    assert shortfall(table, random=share, method=["grand"]) is None
    assert "84.0 %" in shortfall(table, random=share[:0], method=["grand"])


def part(p, favours=True):
    return Evidence(1.0 if favours else -1.0, -2.0, 2.0, p, 4, "Welch", "points", favours)


def test_a_part_without_excuse_decides_alone():
    parts = {"weak": part(0.001, favours=False), "strong": part(0.01, favours=False), "good": part(0.02)}
    evidence, reason = judged(parts, {"weak": "short training", "strong": None})
    assert reason is None and not evidence.favours and "strong" in evidence.test
    evidence, reason = judged({**parts, "strong": part(0.5, favours=False)}, {"weak": "short training"})
    assert reason == "short training" and not evidence.favours and "weak" in evidence.test
    evidence, reason = judged({"one": part(0.01), "two": part(0.02)}, {"one": "short training"})
    assert reason is None and evidence.favours and evidence.p == 0.02
    assert judged({"one": part(0.01, favours=False)}, {"one": "short"})[1] == "short"
