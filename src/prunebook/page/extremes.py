"""The images at both ends of a score as Data Diet shows them, and whether people find one end harder than the other."""

import numpy as np
import pandas as pd

from prunebook.page import show
from prunebook.page.comparisons import all_of
from prunebook.page.evidence import greater

COLUMNS = 10  # most classes in one picture
ORDINALS = ("", "second ", "third ", "fourth ", "fifth ")
MEASURES = {"human": "annotators who disagree (%)", "c_score": "C-score (%)"}
ENDS = {"smallest": "smallest 5 %", "mean": "all", "largest": "largest 5 %", "rho": "Spearman's ρ"}


def arrays_of(page, row):
    """The arrays of the Extremes run behind one row of a page's table."""
    return {name: page.array(row, name) for end in ("smallest", "largest")
            for name in (end, f"{end}_indices", f"{end}_scores")}


def rows(arrays):
    """[(name, images (classes, C, H, W))] from the smallest score to the largest; `arrays`: as of `arrays_of`."""
    each = arrays["smallest"].shape[1]
    low = [(f"{_ordinal(rank)}smallest", arrays["smallest"][:, rank]) for rank in range(each)]
    return low + [(f"{_ordinal(rank)}largest", arrays["largest"][:, rank]) for rank in reversed(range(each))]


def _ordinal(rank):
    return ORDINALS[rank] if rank < len(ORDINALS) else f"{rank + 1}th "


def picture(style, arrays, classes):
    """A Figure: a column for each class (at most ten), the smallest scores above, the largest below."""
    shown = [(name, images[:COLUMNS]) for name, images in rows(arrays)]
    names = [name.replace("_", " ") for name in classes[:COLUMNS]]
    side, gap = shown[0][1].shape[-1], max(1, shown[0][1].shape[-1] // 16)
    tops = [place * (side + gap) + (place >= len(shown) // 2) * side // 2 for place in range(len(shown))]
    sheet = np.zeros((tops[-1] + side, len(names) * (side + gap) - gap, 4), dtype=np.uint8)
    for top, (_, images) in zip(tops, shown, strict=True):
        for place, image in enumerate(images):
            left = place * (side + gap)
            sheet[top : top + side, left : left + side, :3] = np.broadcast_to(image, (3, side, side)).transpose(1, 2, 0)
            sheet[top : top + side, left : left + side, 3] = 255
    figure, (ax,) = style.figure(height=0.7 + 4.1 * sheet.shape[0] / sheet.shape[1])
    ax.imshow(sheet, interpolation="nearest")
    turned = max(map(len, names)) > 3
    ax.set_xticks([place * (side + gap) + side / 2 for place in range(len(names))], names, rotation=45 * turned,
                  ha="left" if turned else "center", rotation_mode="anchor", fontsize="small")
    ax.set_yticks([top + side / 2 for top in tops], [name for name, _ in shown], fontsize="small")
    ax.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return figure


def described(arrays, classes):
    """Alt text of the picture, from the data."""
    low, high = (arrays[f"{end}_scores"][: len(classes[:COLUMNS])] for end in ("smallest", "largest"))
    return (f"{2 * low.shape[1]} rows of training images, a column a class: {', '.join(classes[:COLUMNS])}. Scores in "
            f"the upper rows from {show.number(float(low.min()))} to {show.number(float(low.max()))}, in the lower "
            f"rows from {show.number(float(high.min()))} to {show.number(float(high.max()))}.")


def listed(arrays, classes):
    """A frame, a row a class: for each image of the picture its index in the training set, and its score."""
    each = arrays["smallest"].shape[1]
    places = [("smallest", rank) for rank in range(each)] + [("largest", rank) for rank in reversed(range(each))]
    long, wide = [], []
    for label, name in enumerate(classes):
        wide.append({"class": name})
        for end, rank in places:
            index, score = int(arrays[f"{end}_indices"][label, rank]), float(arrays[f"{end}_scores"][label, rank])
            long.append({"class": name, "image": f"{_ordinal(rank)}{end}", "index": index, "score": score})
            wide[-1][f"{_ordinal(rank)}{end}"] = f"{index} ({show.number(score)})"
    frame = pd.DataFrame(wide)
    frame.attrs["long"] = pd.DataFrame(long)
    return frame


def ends(table, of=()):
    """Long form, one row a run, measure and end: columns `of`, seed, measure, end, value; empty without annotations."""
    known = [measure for measure in MEASURES if f"{measure}_mean" in table]
    return pd.DataFrame([
        {**{name: getattr(row, name) for name in (*of, "seed")}, "measure": MEASURES[measure], "end": words,
         "value": getattr(row, f"{measure}_{end}") * (100 if measure == "c_score" and end != "rho" else 1)}
        for row in table.itertuples() for measure in known for end, words in ENDS.items()
    ])


def harder(table):
    """The images of largest score are harder than those of smallest, for people and by C-score: one Evidence of both.

    `table`: one row a network. Each measure is a paired test over networks: both ends come from one network. None
    where the data set has no annotations.
    """
    if any(f"{measure}_mean" not in table for measure in MEASURES):
        return None
    easy = {end: 100 * table[f"c_score_{end}"] for end in ("smallest", "largest")}
    return all_of({
        "disagreement of annotators": greater(table["human_largest"], table["human_smallest"], paired=True),
        "fall of the C-score": greater(easy["smallest"], easy["largest"], paired=True),
    })
