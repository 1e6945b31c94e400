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
# # Error barriers: when is it settled where training ends?

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network; "" for that of the scale
seeds = 0  # parents; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
spawns = []  # epochs of the parent after which two children part; [] for those of the scale
statistics = "estimated"  # batch norm on the path: estimated anew, or interpolated; both are stored

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.barrier import STATISTICS
from prunebook.recipes.presets import CLASSES, NETWORKS

choices = {"dataset": ["", *CLASSES], "model": ["", *NETWORKS], "statistics": STATISTICS}
p = page.begin("datadiet/error-barrier", globals(), choices=choices)

# %% [markdown]
# A *parent* is trained for $t$ epochs. Two *children* start from its weights $w_t$ and are trained to the end, each in
# an order of the data of its own and, where images are augmented, with its own augmentation. If they end in one basin,
# the networks on the straight line between their weights $w$ and $w'$ are as good as they are. The **error barrier**
# says how much worse the worst of these is,
#
# $$\max_{\alpha \in [0, 1]} E\big((1 - \alpha)\, w + \alpha\, w'\big) - \tfrac{1}{2} \big(E(w) + E(w')\big),$$
#
# with $E$ the training error. Children that part at initialisation have a high barrier between them. It falls with $t$:
# from some epoch on the noise of training no longer decides where it ends. The paper asks whether that comes at the
# same time for all examples, and measures $E$ on 1,000 examples of lowest EL2N, 1,000 of highest EL2N and 1,000 random
# ones; EL2N is that of the parent at epoch 10.
#
# If easy examples are settled first, their barrier has fallen to a small part of what it was at initialisation while
# that of hard examples is still high. Lines that fall together, or hard examples that fall first, speak against it.

# %% [markdown]
# Networks are in evaluation mode and images are not augmented. Between two networks the running statistics of batch
# norm fit neither their inputs nor the data, whichever way they are mixed: part of a barrier is then that of
# normalisation, not of weights. Therefore they are estimated anew at every point of the line, ends included, on
# training images. The parameter `statistics` shows the same networks with interpolated statistics instead.

# %% tags=["experiment"]
from prunebook.recipes.dynamics import SPAWNS, barrier
from prunebook.recipes.grid import grid

SEEDS = {"smoke": 2, "small": 3, "paper": 4}


def experiment(scale):
    """Two children and the path between them, for each spawn time and parent."""
    chosen = sorted(set(spawns)) or SPAWNS[scale]
    return grid(
        lambda spawn: barrier(
            scale, chosen, spawn, dataset=dataset, model=model
        ),
        spawn=chosen,
        seed=range(seeds or SEEDS[scale]),
    )


# %% tags=["hide-input"]
import pandas as pd

from prunebook.recipes.barrier import SETS

table = p.results(experiment, enough={"small": 3, "paper": 4})
recipe = p.runs[0].recipe
runs = list(table.itertuples()) if "train_accuracy" in table else []
barriers = pd.DataFrame([
    {"examples": name, "spawn": run.spawn, "seed": run.seed, "kind": kind,
     "barrier": getattr(run, f"barrier_{name}_{kind}"),
     "ends": (getattr(run, f"error_{name}_{kind}")[0] + getattr(run, f"error_{name}_{kind}")[-1]) / 2}
    for name in SETS for run in runs for kind in STATISTICS
], columns=["examples", "spawn", "seed", "kind", "barrier", "ends"])
shown = barriers[barriers.kind == statistics]

# %% tags=["hide-input"]
from prunebook.page.bands import percentile_lines
from prunebook.page.figures import describe
from prunebook.page.style import words

of = recipe.parent
p.figure(
    "barrier",
    lambda style: percentile_lines(
        style, shown, x="spawn", y="barrier", hue="examples",
        labels={"spawn": "epochs before the children part", "barrier": "training error barrier (points)"},
    ),
    caption=f"Training error barrier between two children of one parent, on the {recipe.examples:,} examples of lowest "
            f"and of highest EL2N and on as many random ones, {100 * recipe.examples / of.size:g} % of the {of.size:,} "
            f"training images each (2 % in the paper); {words(of.model)} of width {of.width}, {of.training.epochs} "
            "epochs. Means and 16th to 84th percentile of the parents.",
    alt=f"Error barrier by examples: {describe(shown, 'barrier', by='examples', over='spawn')}",
)

# %% tags=["hide-input"]
p.table("barriers", p.means(shown, "barrier", rows=["examples"], columns="spawn").replace(
    {"examples": {name: words(name) for name in SETS}}),
    caption="Error barrier in points by the epoch at which the children part, mean ± 95 % interval (n parents).")

# %% [markdown]
# The error along the line shows where a barrier comes from. An example that the children themselves get wrong can add
# nothing to a barrier: the higher a line starts, the lower its barrier can be.

# %% tags=["hide-input"]
paths = pd.DataFrame([
    {"examples": name, "part": f"parted after epoch {run.spawn}" if run.spawn else "parted at initialisation",
     "seed": run.seed, "alpha": place / (recipe.points - 1), "error": error}
    for name in SETS for run in runs for place, error in enumerate(getattr(run, f"error_{name}_{statistics}"))
], columns=["examples", "part", "seed", "alpha", "error"])
p.figure(
    "paths",
    lambda style: percentile_lines(
        style, paths, x="alpha", y="error", hue="examples", column="part",
        labels={"alpha": "α, from child to child", "error": "training error (%)"},
    ),
    caption="Training error on the straight line between the children; means and 16th to 84th percentile of the "
            "parents.",
    alt="Training error half-way between the children: " + " ".join(
        f"{part}: {describe(group, 'error', by='examples')}"
        for part, group in paths[paths.alpha == 0.5].groupby("part", sort=False)
    ) if runs else "Nothing has been run yet.",
)

# %% tags=["hide-input"]
trained = pd.DataFrame([
    {"spawn": run.spawn, "seed": run.seed, "measure": measure, "value": value}
    for run in runs for measure, value in [
        ("training accuracy", run.train_accuracy), ("test accuracy", run.test_accuracy),
        *[(f"error, {words(name)}", shown[(shown.examples == name) & (shown.spawn == run.spawn)
                                          & (shown.seed == run.seed)].ends.item()) for name in SETS],
    ]
], columns=["spawn", "seed", "measure", "value"])
p.table("children", p.means(trained, "value", rows=["spawn"], columns="measure").rename(
    columns={"spawn": "parted after epoch"}),
    caption="The children at the end, in percent: accuracy on all of the parent's training images and on the test set, "
            "and error on each set of training examples; mean ± 95 % interval (n).")

# %% [markdown]
# *Falls first* is made a number for each parent and set: the mean height of its barrier over the spawn times shown
# (area under the line by the width of the figure), as a share of its height at the first of them. A barrier that falls
# at once has a small share, one that stays has 100 %. The barrier of hard examples may be high or low for other
# reasons; the share does not see that.

# %% tags=["hide-input"]
import numpy as np

from prunebook.page import show


def remaining(kind):
    """The mean share of the barrier that is left, for each parent and set; parents without a barrier are left out."""
    found = []
    for (name, seed), group in barriers[barriers.kind == kind].groupby(["examples", "seed"], sort=False):
        group = group.sort_values("spawn")
        height, at = group.barrier.to_numpy(), group.spawn.to_numpy(float)
        if len(at) > 1 and height[0] > 0:
            left = 100 * np.trapezoid(height, at) / np.ptp(at) / height[0]
            found.append({"examples": name, "seed": seed, "share": left})
    return pd.DataFrame(found, columns=["examples", "seed", "share"])


shares = pd.concat([remaining(kind).assign(kind=kind) for kind in STATISTICS])
at = sorted(shown.spawn.unique())
if len(at) > 1:
    floor = 100 * np.trapezoid([1] + [0] * (len(at) - 1), at) / (at[-1] - at[0])
    show.show(f"With these spawn times a barrier that is gone by the second of them has a share of {floor:.1f} %, and "
              "a lower one cannot be seen.")
p.table("shares", p.means(shares, "share", rows=["examples"], columns="kind").replace(
    {"examples": {name: words(name) for name in SETS}}).rename(columns={k: f"statistics {k}" for k in STATISTICS}),
    caption="Mean barrier over the spawn times in percent of the first, with both kinds of batch norm statistics; mean "
            "± 95 % interval (n parents).")

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# The claim compares the shares of hard and easy examples, parent by parent: both are measured on the same children. n
# counts parents, redrawn with their images, weights and order; the sets are each parent's own. Where the children do
# not fit the training images the hard ones leave no room for a barrier: below 95 % training accuracy a failure of the
# claim counts as *regime not reached*.

# %% tags=["hide-input"]
from prunebook.page.evidence import greater

LEAST = 95.0  # percent
fitted = trained[trained.measure == "training accuracy"].groupby("spawn").value.mean().min()
weak = f"training accuracy of the children is {fitted:.1f} %, below {LEAST:g} %" if fitted < LEAST else None


def share(name):
    """The share of each parent, by seed."""
    left = remaining(statistics)
    return left[left.examples == name].set_index("seed").share


p.claim("easy-first", greater(share("high"), share("low"), paired=True, unit="% of the first barrier"), regime=weak)
p.verdicts()

# %% tags=["hide-input"]
p.close()
