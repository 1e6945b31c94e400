"""Forgetting events against a reading of each example's history by itself, closed forms and invariances."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prunebook.scores.forgetting import forgetting_events, never_learned


def histories(seed, epochs=12, n=60):
    random = np.random.default_rng(seed)
    share = random.uniform(0, 1, n) * random.integers(0, 2, n)  # about half are hardly ever correct
    return random.uniform(size=(epochs, n)) < share, random.uniform(size=(epochs, n)) < 0.8


def brute(correct, seen):
    """Each history as a word of c (correct) and w (wrong), in which unseen epochs do not occur."""
    words = ["".join("wc"[int(right)] for right, look in zip(*column, strict=True) if look) for column in
             zip(correct.T, seen.T, strict=True)]
    return np.array([len(re.findall("cw", word)) for word in words]), np.array(["c" not in word for word in words])


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_equals_reading_each_history(seed, epochs, all_seen):
    correct, seen = histories(seed, epochs)
    seen |= all_seen
    events, never = brute(correct, seen)
    given_seen = None if all_seen else seen
    found = forgetting_events(correct, seen=given_seen)
    assert found.dtype == np.int64
    assert np.array_equal(found, events)
    lost = never_learned(correct, seen=given_seen)
    assert lost.dtype == bool
    assert np.array_equal(lost, never)
    marked = forgetting_events(correct, seen=given_seen, never_learned=math.inf)
    assert marked.dtype == np.float64
    assert np.array_equal(marked, np.where(never, math.inf, events))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_permuting_examples_permutes_the_counts_and_repeated_epochs_add_none(seed):
    correct, seen = histories(seed)
    order = np.random.default_rng(seed).permutation(correct.shape[1])
    found = forgetting_events(correct, seen=seen, never_learned=-1)
    assert np.array_equal(forgetting_events(correct[:, order], seen=seen[:, order], never_learned=-1), found[order])
    assert np.array_equal(forgetting_events(correct.repeat(2, 0), seen=seen.repeat(2, 0), never_learned=-1), found)


def test_the_first_epoch_is_no_event_and_alternating_is_the_most():
    correct = np.array([[1, 0, 1, 0, 1], [0, 1, 1, 0, 0], [1, 0, 1, 0, 0], [0, 1, 1, 0, 0]], dtype=bool)
    assert forgetting_events(correct).tolist() == [2, 1, 0, 0, 1]
    assert never_learned(correct).tolist() == [False, False, False, True, False]
    assert forgetting_events(correct, never_learned=math.inf).tolist() == [2, 1, 0, math.inf, 1]


def test_an_unseen_epoch_hides_what_stands_in_it():
    correct = np.array([[True, True], [False, True], [True, False]])
    seen = np.array([[True, False], [False, False], [True, True]])
    assert forgetting_events(correct, seen=seen).tolist() == [0, 0]
    assert forgetting_events(correct).tolist() == [1, 1]
    assert never_learned(correct, seen=seen).tolist() == [False, True]
    assert forgetting_events(correct, seen=seen, never_learned=9).tolist() == [0, 9]


@pytest.mark.parametrize(
    "device",
    ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))],
)
def test_tensors_are_taken_and_nothing_is_written_to(device):
    correct, seen = histories(3)
    tensors = torch.tensor(correct, device=device), torch.tensor(seen, device=device)
    expected = forgetting_events(correct, seen=seen, never_learned=math.inf)
    assert np.array_equal(forgetting_events(tensors[0], seen=tensors[1], never_learned=math.inf), expected)
    again = histories(3)
    assert np.array_equal(correct, again[0]) and np.array_equal(seen, again[1])
    assert np.array_equal(tensors[0].cpu(), correct) and np.array_equal(tensors[1].cpu(), seen)


@pytest.mark.parametrize("call", [forgetting_events, never_learned])
@pytest.mark.parametrize(("correct", "seen", "message"), [
    (np.zeros((2, 3)), None, "correct: type float64 .*booleans"),
    (torch.zeros(2, 3, dtype=torch.uint8), None, "correct: type uint8 .*booleans"),
    (np.zeros(3, bool), None, r"correct: shape \(3,\)"),
    (np.zeros((0, 3), bool), None, r"correct: shape \(0, 3\)"),
    (np.zeros((2, 0), bool), None, r"correct: shape \(2, 0\)"),
    (np.zeros((2, 3), bool), np.ones((3, 2), bool), r"seen: shape \(3, 2\).*\(2, 3\)"),
    (np.zeros((2, 3), bool), np.ones((2, 3), int), "seen: type int64"),
])
def test_what_is_not_valid_is_named(call, correct, seen, message):
    with pytest.raises(ValueError, match=message):
        call(correct, seen=seen)


@pytest.mark.parametrize("value", ["inf", math.nan, True])
def test_never_learned_must_be_a_number(value):
    with pytest.raises(ValueError, match="never_learned: .*infinity"):
        forgetting_events(np.zeros((2, 3), bool), never_learned=value)
