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
# # Figure 16: which half to keep, with clean and with noisy labels

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network that scores and is trained; "" for that of the scale
seeds = 0  # trainings a window; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
offsets = []  # shares of lowest scores dropped; [] for those of the scale
keep = 0.5  # share of the data that is kept
noise = 0.1  # share of the labels that is permuted in the right panel

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

p = page.begin("datadiet/fig16", globals(), choices={"dataset": ["", *CLASSES], "model": ["", *NETWORKS, "vgg13"]})

# %% [markdown]
# The examples are ranked by EL2N at epoch 10, $\lVert p(x) - y \rVert_2$, averaged over networks; $r(i)$ is the rank of
# example $i$, lowest score first. A share $o$ of the lowest scores is dropped, the share $k$ that comes next is kept,
# and the rest, the hardest, is dropped too:
#
# $$S_o = \{\, i : oN < r(i) \le (o + k) N \,\}.$$
#
# At $o = 1 - k$ nothing of the hardest is dropped. A new network is trained on each window with the same number of
# steps. On the right the labels of a random tenth of the examples were permuted before anything else: both the networks
# that score and those that are tested see the permuted labels.
#
# The question is whether the hardest examples are worth keeping. If they are, accuracy rises up to the largest offset.
# If they mislead, as wrong labels do, a window that ends before them is better.

# %% tags=["experiment"]
from prunebook.recipes.diet import averaged, pruned, trajectory
from prunebook.recipes.grid import grid

OFFSETS = {
    "smoke": [0.0, 0.5],
    "small": [0.4, 0.5],
    "paper": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5],
}
SEEDS = {"smoke": 2, "small": 3, "paper": 4}
CLEAN, NOISY = "clean", f"{100 * noise:g} % permuted"


def experiment(scale):
    """One training for each kind of labels, window and seed."""
    scored_by = {
        CLEAN: trajectory(scale, dataset, model=model),
        NOISY: trajectory(
            scale, dataset, model=model, until=10, noise=noise
        ),
    }

    def make(labels, offset):
        of = scored_by[labels]
        options = dict(dataset=dataset, model=model, noise=of.noise)
        if offset == "random":
            return pruned(scale, None, keep, **options)
        score = averaged(scale, "el2n", 10, of=of)
        return pruned(scale, score, keep, offset=offset, **options)

    return grid(
        make,
        labels=scored_by,
        offset=[*map(float, offsets or OFFSETS[scale]), "random"],
        seed=range(seeds or SEEDS[scale]),
    )


# %% tags=["hide-input"]
table = p.results(experiment, enough={"small": 3, "paper": 4})

# %% tags=["hide-input"]
from prunebook.page.bands import percentile_lines

shown = table.assign(panel=table.labels + " labels")
windows = shown[shown.offset != "random"].assign(method="el2n")
windows["dropped"] = 100 * windows.offset.astype(float)
share = shown[shown.offset == "random"].assign(method="random")

p.figure(
    "accuracy",
    lambda style: percentile_lines(
        style, windows, x="dropped", y="accuracy", hue="method", column="panel", across=share,
        labels={"dropped": "lowest scores dropped (%)", "accuracy": "test accuracy (%)"},
    ),
    caption=f"Test accuracy after training on {100 * keep:g} % of the data: a window of the ranking by EL2N at epoch "
            "10, or a random share. Lines are means, bands the 16th to 84th percentile of the runs, as in the paper.",
    alt=f"Windows by the share of lowest scores dropped: {p.describe(windows, 'accuracy', by='labels', over='offset')} "
        f"Random share: {p.describe(share, 'accuracy', by='labels')}",
)

# %% tags=["hide-input"]
p.table("accuracy", p.means(table, "accuracy", rows=["labels"], columns="offset"),
        caption="Test accuracy in percent by the offset of the window, mean ± 95 % interval (n).")

# %% [markdown]
# Networks that have not learned what was kept say little about the hardest examples: early in training they teach less
# than easy ones. So the accuracy on the kept data, in the last pass over them, stands beside it.

# %% tags=["hide-input"]
p.table("training", p.means(table, "train_accuracy", rows=["labels"], columns="offset"),
        caption="Training accuracy in percent on what was kept, with its labels, mean ± 95 % interval (n).")

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# n counts trainings. The networks that score are the same for all of them, so an interval speaks of this ranking; a
# random share is drawn anew each time.
#
# *Dropping the hardest never helps*: the window that keeps them must not be below any other by more than a point, a
# margin fixed beforehand. *Gains shrink*: the curve bends down, so the quadratic term of a least-squares fit over the
# offsets is negative, one fit a seed. That takes three offsets; with fewer it is not run. Where the claim about noise
# holds at `small`, short training may be part of the reason. So the table below compares what dropping the hardest is
# worth with noisy and with clean labels; it belongs to no claim.

# %% tags=["hide-input"]
import numpy as np

from prunebook.page.comparisons import all_of, rows, shortfall
from prunebook.page.evidence import above, greater


def window(labels, offset):
    """One number a seed: the accuracy of a window."""
    return p.per_seed(table, "accuracy", labels=labels, offset=offset)


*smaller, last = sorted(set(windows.offset)) or [None]
regime = shortfall(windows, random=share[share.labels == CLEAN], labels=[CLEAN], offset=[*smaller, last])
if smaller and abs(last + keep - 1) < 1e-9:  # otherwise no window keeps the hardest
    p.claim("clean-no-boost",
            all_of({f"offset {offset:g}": greater(window(CLEAN, last), window(CLEAN, offset), margin=1.0)
                    for offset in smaller}), regime=regime)
    worth = {labels: window(labels, smaller[-1]) - window(labels, last) for labels in (CLEAN, NOISY)}
    p.table("worth", rows({
        **{f"{labels} labels: offset {smaller[-1]:g} − offset {last:g}": above(gain) for labels, gain in worth.items()},
        "noisy − clean": greater(worth[NOISY], worth[CLEAN]),
    }), caption="What dropping the hardest is worth, in points of test accuracy with 95 % intervals; p not adjusted.")
    p.claim("noisy-boost", greater(window(NOISY, smaller[-1]), window(NOISY, last)))
if len(smaller) > 1:
    curves = windows[windows.labels == CLEAN].pivot(index="seed", columns="dropped", values="accuracy").dropna()
    quadratic = np.polyfit(curves.columns / 10, curves.to_numpy().T, 2)[0] if len(curves) else []
    p.claim("clean-gains-shrink", above(-np.array(quadratic), unit="points a 10 % squared"), regime=regime)
p.verdicts("n counts trainings; the ranking of an arm is the same in all of them.")

# %% tags=["hide-input"]
p.close()
