"""The density of two scores: every example is counted once, also the infinite ones."""

import numpy as np
import pytest

from prunebook.page.density import density
from prunebook.page.drawing import styles, themed


def drawn(x, y, **options):
    style = styles()[0]
    with themed(style):
        figure, (ax,) = style.figure()
        density(ax, x, y, **options)
        figure.draw_without_rendering()
    return ax


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("n", [1, 7, 5000])
def test_every_example_is_counted(n, log):
    x, y = np.random.default_rng(0).gamma(2, size=(2, n))
    assert drawn(x, y, log=log).collections[0].get_array().sum() == n


def test_cells_are_where_the_examples_are():
    x, y = np.repeat([0.0, 10.0], 300), np.repeat([5.0, 7.0], 300)
    counts = np.ma.filled(drawn(x, y).collections[0].get_array(), 0)
    assert (counts[0, 0], counts[-1, -1]) == (300, 300)


@pytest.mark.parametrize("log", [False, True])
def test_infinite_values_stand_beyond_the_finite_ones(log):
    x = np.linspace(1, 9, 400)
    y = np.where(x > 6, np.inf, x)
    ax = drawn(x, y, log=log)
    counts = np.ma.filled(ax.collections[0].get_array(), 0)
    assert counts.sum() == 400
    assert counts[-1].sum() == np.isinf(y).sum()
    assert [label.get_text() for label in ax.get_yticklabels()][-1] == "never"
    assert ax.get_yticks()[-1] > 6 * 1.01
    assert "never" not in [label.get_text() for label in ax.get_xticklabels()]


def test_nothing_and_nothing_finite_are_no_errors():
    assert not drawn([], []).collections
    assert drawn([1.0, 1.0], [np.inf, np.inf]).collections[0].get_array().sum() == 2
