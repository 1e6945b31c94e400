# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Figure 17: does EL2N find corrupted labels?

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network that scores; "" for that of the scale
seeds = 0  # networks; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
noise = 0.1  # share of the labels that is permuted

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

p = page.begin("datadiet/fig17", globals(), choices={"dataset": ["", *CLASSES], "model": ["", *NETWORKS]})

# %% [markdown]
# A random tenth of the examples is picked and their labels are permuted among them before training. By chance about
# one in ten of these keeps its label. So about nine percent of all labels are **corrupted**, other than before, and all
# the rest count as true. The score is EL2N at epoch 10 against the label $\tilde y$ that training sees,
# $\lVert p(w, x) - \tilde y \rVert_2$ (eq. 9).
#
# If the score can find corrupted labels, corrupted examples score higher than others, and higher than they did when
# they still had their true label. Each network is trained twice from the same initial weights, with true labels and
# with some of them corrupted. Index $i$ is the same image both times, so that scores before and after pair up.

# %% tags=["experiment"]
from prunebook.recipes.diet import TRAINED, averaged, trajectory
from prunebook.recipes.grid import grid
from prunebook.recipes.noise import Corruption


def experiment(scale):
    """Scores without and with noise for each network, and which labels."""
    clean = trajectory(scale, dataset, model=model)
    noisy = trajectory(scale, dataset, model=model, until=10, noise=noise)
    before, after = (
        averaged(scale, "el2n", 10, of=of).scores for of in (clean, noisy)
    )
    made = {
        "before": before,
        "after": after,
        "compared": Corruption(before, after),
    }
    return grid(
        lambda scores: made[scores],
        scores=made,
        seed=range(seeds or TRAINED[scale]),
    )


# %% tags=["hide-input"]
table = p.results(experiment, enough={"small": 5, "paper": 10})
both = table[table.scores == "compared"]

# %% tags=["hide-input"]
import numpy as np

from prunebook.page.arms import distributions


def mean_scores(when):
    """EL2N averaged over the networks (N,)."""
    return np.mean([p.array(row, "scores") for row in table[table.scores == when].itertuples()], axis=0)


TRUE, CORRUPTED, EARLIER = "true labels", "corrupted labels", "the same examples before"
panels = {}
if len(both):
    before, after = mean_scores("before"), mean_scores("after")
    corrupted = np.isin(np.arange(len(after)), p.array(both.iloc[0], "corrupted"))
    panels = {
        "with noise": {TRUE: after[~corrupted], CORRUPTED: after[corrupted]},
        "corrupted examples": {EARLIER: before[corrupted], CORRUPTED: after[corrupted]},
    }

p.figure(
    "scores",
    lambda style: distributions(style, panels, labels={"x": "EL2N at epoch 10", "y": "density of examples"}),
    caption=f"EL2N averaged over {len(both)} networks. Left: examples with true and with corrupted labels, in training "
            "with both; the areas are equal, though corrupted ones are fewer. Right: the corrupted examples before and "
            "after the corruption.",
    alt=" ".join(f"{panel}: mean EL2N of {name} {values.mean():.2f}, half of them from "
                 f"{np.quantile(values, 0.25):.2f} to {np.quantile(values, 0.75):.2f}."
                 for panel, groups in panels.items() for name, values in groups.items()) or "Nothing has been run yet.",
)

# %% [markdown]
# How useful is that to someone who looks for wrong labels? *Detection* is the probability that a corrupted example
# scores above one with a true label, the area under the ROC curve (AUC): 0.5 is chance, 1 is perfect. *AUC before* is
# that of the same examples while their labels were true; it must be near 0.5, because they were picked at random. The
# last row takes the mean of the networks' scores, as the paper does.

# %% tags=["hide-input"]
import pandas as pd

from prunebook.recipes.noise import probability_above

COLUMNS = {"seed": "network", "corrupted": "corrupted labels", "detection": "detection (AUC)", "before": "AUC before",
           "raised": "mean rise", "rose": "share that rose"}
single = both[[name for name in COLUMNS if name in both]].rename(columns=COLUMNS)
if len(both):
    gaps = after[corrupted] - before[corrupted]
    single = pd.concat([single.astype({"network": str}), pd.DataFrame([{
        "network": "their mean", "corrupted labels": int(corrupted.sum()),
        "detection (AUC)": probability_above(after[corrupted], after[~corrupted]),
        "AUC before": probability_above(before[corrupted], before[~corrupted]),
        "mean rise": gaps.mean(), "share that rose": (gaps > 0).mean(),
    }])], ignore_index=True)
p.table("detection", single, caption="How far EL2N tells corrupted labels from true ones, for each network and for "
                                     "their mean.")

# %% [markdown]
# Used as a search, one would look at the examples with the highest scores first.

# %% tags=["hide-input"]
searched = []
if len(both):
    order = np.argsort(-after, kind="stable")
    for looked in (0.01, 0.05, 0.1, 0.2, 0.5):
        hits = corrupted[order[: max(1, round(looked * len(order)))]]
        searched.append({
            "highest scores looked at (%)": f"{100 * looked:g}", "of these corrupted (%)": 100 * hits.mean(),
            "of the corrupted found (%)": 100 * hits.sum() / corrupted.sum(),
        })
p.table("search", pd.DataFrame(searched), caption="Corrupted labels among the highest scores, averaged over networks.")

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# The claim needs two things: detection is above one half, and scores rise on average, network by network. n counts
# networks, redrawn in initial weights and in the order of the data. The noise is one draw for all of them, so the
# intervals do not speak of other draws; with thousands of corrupted labels these would differ little.

# %% tags=["hide-input"]
from prunebook.page.comparisons import all_of
from prunebook.page.evidence import above

column = lambda name: both[name] if name in both else []
p.claim("corrupted-higher", all_of({
    "corrupted above true": above(column("detection"), 0.5, unit="probability"),
    "after above before": above(column("raised"), unit="EL2N"),
}))
p.verdicts()

# %% tags=["hide-input"]
p.close()
