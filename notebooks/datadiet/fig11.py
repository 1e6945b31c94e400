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
# # Figure 11: averaging EL2N over networks

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network that scores and is trained; "" for that of the scale
seeds = 0  # trainings an arm; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
keep = 0.5  # share of the data that is kept

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

p = page.begin("datadiet/fig11", globals(), choices={"dataset": ["", *CLASSES], "model": ["", *NETWORKS]})

# %% [markdown]
# EL2N at epoch 10 is defined as a mean over networks (eq. 9),
#
# $$\text{EL2N}(x, y) = \mathbb{E}\,\lVert p(w, x) - y \rVert_2,$$
#
# and estimated from a few. Two questions decide how many are needed. How much does the ranking depend on which networks
# they are? And does a network that is trained on what the ranking keeps become better if the ranking is averaged? If
# the score is a property of the data, a single network should nearly give the ranking of many.

# %% tags=["experiment"]
from prunebook.recipes.diet import averaged, pruned
from prunebook.recipes.grid import grid

SEEDS = {"smoke": 3, "small": 4, "paper": 4}


def experiment(scale):
    """The scores of each network, and trainings on what they keep."""
    options = dict(dataset=dataset, model=model)
    pool = averaged(scale, "el2n", 10, **options)
    scores = {
        "random": None,
        "el2n_single": averaged(scale, "el2n", 10, networks=1, **options),
        "el2n": pool,
    }
    networks = grid(
        lambda made, method: pool.scores,
        made=["scores"],
        method=["el2n"],
        seed=range(pool.pool),
    )
    return networks + grid(
        lambda made, method: pruned(scale, scores[method], keep, **options),
        made=["training"],
        method=scores,
        seed=range(seeds or SEEDS[scale]),
    )


# %% tags=["hide-input"]
table = p.results(experiment, enough={"small": 4, "paper": 4})
trained = table[table.made == "training"]

# %% tags=["hide-input"]
import numpy as np

from prunebook.page.averaging import DISJOINT, WHOLE, over_networks
from prunebook.page.bands import percentile_lines
from prunebook.page.figures import describe

scores = np.array([p.array(row, "scores") for row in table[table.made == "scores"].itertuples()])
agreement = over_networks(scores) if len(scores) > 1 else over_networks(np.eye(2)).iloc[:0]


def correlations(style):
    """Both correlations against the number of networks."""
    figure = percentile_lines(style, agreement, x="networks", y="correlation", hue="compared",
                              labels={"networks": "networks averaged", "correlation": "Spearman's ρ"})
    figure.axes[0].set_title("")  # its n would count sets of networks, which overlap
    return figure


p.figure(
    "correlation",
    correlations,
    caption=f"Rank correlation of EL2N averaged over some networks, with the average over all {len(scores)}, of which "
            "they are a part, and with the average over as many other networks. Means and 16th to 84th percentile over "
            "sets of networks.",
    alt=f"Spearman's ρ by networks averaged: {describe(agreement, 'correlation', by='compared', over='networks')}",
    count=f"{len(scores)} networks",
)

# %% [markdown]
# The first line, the paper's, ends at 1 whatever the scores are: a part correlates with its whole. Means over $k$ of
# $n$ rankings that share nothing at all would still correlate at about $\sqrt{k/n}$: a single one of ten at 0.32, of
# five at 0.45. The second line, ours, compares networks that have no part in each other. It is what another person with
# other networks would find, and ends at half of the networks.

# %% tags=["hide-input"]
named = {WHOLE: "with all", DISJOINT: "with as many others"}
points = agreement.groupby(["networks", "compared"], sort=False).correlation
spans = points.agg(["mean", "min", "max", "size"]).reset_index().replace({"compared": named})
p.table("correlations",
        spans.rename(columns={"mean": "mean ρ", "min": "lowest", "max": "highest", "size": "sets of networks"}),
        caption="Spearman's ρ over sets of networks. The sets overlap, so their number is no n.",
        count=f"{len(scores)} networks")

# %% [markdown]
# What averaging is worth shows in what is kept. Networks are trained on the share `keep` with the highest scores:
# of one network, or averaged over all. For one network each training has another network's scores, so that its n counts
# those too; the average over all is one ranking.

# %% tags=["hide-input"]
from prunebook.page.arms import learning_curves

p.figure(
    "curves",
    lambda style: learning_curves(style, trained, hue="method"),
    caption=f"Test accuracy in the course of training on {100 * keep:g} % of the data: the highest EL2N of one "
            "network, the highest of the average over all, or a random share. Means and 16th to 84th percentile of the "
            "runs, as in the paper; on the right the last third again.",
    alt=f"Test accuracy at the end: {p.describe(trained, 'accuracy', by='method')}",
)

# %% tags=["hide-input"]
both = p.measured(trained, test="accuracy", training="train_accuracy")
p.table("accuracy", p.means(both, "value", rows=["method"], columns="measured"),
        caption="Accuracy in percent at the end, on the test set and in the last pass over the kept data, mean ± 95 % "
                "interval (n).")

# %% [markdown]
# A network may favour some classes, and then what its scores keep of each is uneven.

# %% tags=["hide-input"]
from prunebook.page.arms import class_shares

p.table("classes", class_shares(trained, by=["method"]),
        caption="Examples kept of the smallest and of the largest class, in percent of an even share; means over the "
                "trainings.")

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# *Averages are better than one* compares accuracies after training. At `small` the average is over five networks. Both
# arms keep the hardest examples; if networks have not learned these, the verdict says so, also where it is in favour.

# %% tags=["hide-input"]
from prunebook.page.comparisons import rows, shortfall
from prunebook.page.evidence import greater


def arm(method):
    """Test accuracies of the runs of an arm."""
    return p.per_seed(trained, "accuracy", method=method)


p.table("comparisons", rows({
    "EL2N of one network − random share": greater(arm("el2n_single"), arm("random")),
    "EL2N of all networks − random share": greater(arm("el2n"), arm("random")),
}), caption="Differences of test accuracy with 95 % intervals (Welch); p-values not adjusted.")
p.claim("ten-above-one", greater(arm("el2n"), arm("el2n_single")),
        regime=shortfall(trained, random=trained[trained.method == "random"], method=["el2n", "el2n_single"]))
p.verdicts("n counts trainings; the average over all networks is the same ranking in all of them.")

# %% tags=["hide-input"]
p.close()
