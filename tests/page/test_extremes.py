"""Pictures of extremes pixel by pixel, and the test whether one end is harder against SciPy."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from prunebook.page import extremes
from prunebook.page.drawing import styles, themed

NAMES = ["airplane", "sea_lion", "cat"]


def arrays(classes=3, each=2, channels=3, side=4, seed=0):
    rng = np.random.default_rng(seed)
    shape = (classes, each, channels, side, side)
    return {
        **{end: rng.integers(1, 256, shape, dtype=np.uint8) for end in ("smallest", "largest")},
        **{f"{end}_indices": rng.integers(0, 99, shape[:2]) for end in ("smallest", "largest")},
        "smallest_scores": np.sort(rng.random(shape[:2])),
        "largest_scores": np.sort(2 + rng.random(shape[:2]))[:, ::-1],
    }


def table(n=6, seed=0):
    rng = np.random.default_rng(seed)
    ends = {f"{measure}_{end}": rng.random(n) for measure in extremes.MEASURES for end in extremes.ENDS}
    return pd.DataFrame({"method": ["el2n"] * n, "seed": range(n), **ends})


@pytest.mark.parametrize("style", styles(), ids=lambda style: style.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_has_every_image_in_its_place(style, channels):
    known = arrays(channels=channels)
    with themed(style):
        (ax,) = extremes.picture(style, known, NAMES).axes
    sheet = np.asarray(ax.images[0].get_array())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["airplane", "sea lion", "cat"]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["smallest", "second smallest", "second largest", "largest"]
    for name, middle in zip(names, ax.get_yticks(), strict=True):
        images = known[name.split()[-1]][:, int(name.startswith("second"))]
        for image, centre in zip(images, ax.get_xticks(), strict=True):
            part = sheet[int(middle) - 2 : int(middle) + 2, int(centre) - 2 : int(centre) + 2]
            np.testing.assert_array_equal(part[..., :3], np.broadcast_to(image, (3, 4, 4)).transpose(1, 2, 0))
            assert (part[..., 3] == 255).all()
    assert (sheet[..., 3] == 255).sum() == 12 * 16  # and nothing between them


def test_of_many_classes_ten_are_shown():
    style = styles()[0]
    with themed(style):
        (ax,) = extremes.picture(style, arrays(classes=12), [f"class {i}" for i in range(12)]).axes
    assert len(ax.get_xticks()) == extremes.COLUMNS == 10


def test_the_list_holds_every_image_once():
    known = arrays(each=1)
    frame = extremes.listed(known, NAMES)
    assert list(frame.columns) == ["class", "smallest", "largest"]
    long = frame.attrs["long"]
    assert long["index"].tolist() == np.stack(
        [known["smallest_indices"][:, 0], known["largest_indices"][:, 0]], 1).ravel().tolist()
    assert frame.loc[0, "smallest"].startswith(f"{known['smallest_indices'][0, 0]} (0.")
    assert "sea_lion" in extremes.described(known, NAMES)


def test_ends_are_in_percent_and_correlations_are_not():
    known = table(2)
    found = extremes.ends(known, of=("method",)).set_index(["seed", "measure", "end"])["value"]
    assert len(found) == 2 * 2 * 4
    assert found[1, "C-score (%)", "smallest 5 %"] == pytest.approx(100 * known.c_score_smallest[1])
    assert found[1, "C-score (%)", "Spearman's ρ"] == known.c_score_rho[1]
    assert found[0, "annotators who disagree (%)", "largest 5 %"] == known.human_largest[0]
    assert extremes.ends(known[["method", "seed"]]).empty


def test_harder_needs_both_measures():
    known = table()
    known[["human_largest", "c_score_smallest"]] += 1
    found = extremes.harder(known)
    oracle = [stats.ttest_rel(known.human_largest, known.human_smallest).pvalue,
              stats.ttest_rel(known.c_score_smallest, known.c_score_largest).pvalue]
    assert found.favours
    assert found.p == pytest.approx(max(oracle))
    assert extremes.harder(known.assign(c_score_smallest=known.c_score_smallest - 3)).favours is False
    assert extremes.harder(known.drop(columns="c_score_mean")) is None
