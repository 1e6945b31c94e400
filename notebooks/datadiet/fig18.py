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
# # Figure 18: which 40 % to keep by GraNd, with clean and with noisy labels

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network that scores and is trained; "" for that of the scale
seeds = 0  # trainings a window; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
offsets = []  # shares of lowest scores dropped; [] for those of the scale
keep = 0.4  # share of the data that is kept
noise = 0.1  # share of the labels that is permuted in the right panel
epoch = 0  # where GraNd is taken: 0 (initialisation), 10, 20 or 200 (the end)

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

choices = {"dataset": ["", *CLASSES], "model": ["", *NETWORKS, "vgg13"], "epoch": [0, 10, 20, 200]}
p = page.begin("datadiet/fig18", globals(), choices=choices)

# %% [markdown]
# As Figure 16, with another score and fewer examples: they are ranked by GraNd at initialisation, the norm of the
# gradient of the loss with respect to all weights, averaged over networks,
#
# $$\lVert \nabla_w \ell(x, y) \rVert_2 = \Big\lVert \sum_{k=1}^{C} \big(p(x)^{(k)} - y_k\big)\,
# \psi^{(k)}(x) \Big\rVert_2 ,$$
#
# with $\psi^{(k)}$ the gradient of logit $k$. A share $o$ of the lowest scores is dropped and 40 % of the data, those
# that come next, are kept. At $o = 60$ % these are the examples of largest GraNd. On the right the labels of a random
# tenth of the examples were permuted before anything else.
#
# The paper finds larger scores better with clean labels and, with noisy ones, worse than a random share. But a network
# as initialised knows no labels, so how should it find wrong ones? The likely answer is that the printed scores came
# from trained networks: the library that the authors used, asked for the checkpoint of step 0, once returned the last
# one. This page takes the networks as initialised; with `-p epoch 200` it takes the last checkpoint instead.

# %% tags=["experiment"]
from prunebook.recipes.diet import averaged, pruned, trajectory
from prunebook.recipes.grid import grid

OFFSETS = {
    "smoke": [0.0, 0.6],
    "small": [0.0, 0.6],
    "paper": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
}
SEEDS = {"smoke": 2, "small": 3, "paper": 4}
CLEAN, NOISY = "clean", f"{100 * noise:g} % permuted"


def experiment(scale):
    """One training for each kind of labels, window and seed."""
    scored_by = {
        CLEAN: trajectory(scale, dataset, model=model),
        NOISY: trajectory(
            scale,
            dataset,
            model=model,
            until=max(epoch, 10),
            noise=noise,
        ),
    }

    def make(labels, offset):
        of = scored_by[labels]
        options = dict(dataset=dataset, model=model, noise=of.noise)
        if offset == "random":
            return pruned(scale, None, keep, **options)
        score = averaged(scale, "grand", epoch, of=of)
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
from prunebook.page.style import words

arm = "grand_initial" if epoch == 0 else "grand_last" if epoch == 200 else "grand"
shown = table.assign(panel=table.labels + " labels")
windows = shown[shown.offset != "random"].assign(method=arm)
windows["dropped"] = 100 * windows.offset.astype(float)
share = shown[shown.offset == "random"].assign(method="random")

p.figure(
    "accuracy",
    lambda style: percentile_lines(
        style, windows, x="dropped", y="accuracy", hue="method", column="panel", across=share,
        labels={"dropped": "lowest scores dropped (%)", "accuracy": "test accuracy (%)"},
    ),
    caption=f"Test accuracy after training on {100 * keep:g} % of the data: a window of the ranking by {words(arm)}, "
            "or a random share. Lines are means, bands the 16th to 84th percentile of the runs, as in the paper.",
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
# *Larger is better* is tested on the slope of accuracy over the offset, one a seed. *Below random* compares the window
# of largest scores with the random share. Where that holds at `small`, short training may be part of the reason: with
# little training the hardest examples teach less than random ones, with clean labels too. So the table below compares
# what the window of largest scores loses against a random share with noisy and with clean labels; it belongs to no
# claim.

# %% tags=["hide-input"]
from prunebook.page.comparisons import rows, shortfall
from prunebook.page.evidence import above, greater, slopes

curves = windows[windows.labels == CLEAN].pivot(index="seed", columns="dropped", values="accuracy").dropna()
if curves.shape[1] > 1:
    p.claim("clean-larger-better", above(slopes(curves, curves.columns / 10), unit="points a 10 %"),
            regime=shortfall(windows, random=share[share.labels == CLEAN], labels=[CLEAN],
                             offset=[windows.offset.max()]))
    loss = {
        labels: p.per_seed(table, "accuracy", labels=labels, offset="random")
        - p.per_seed(table, "accuracy", labels=labels, offset=windows.offset.max())
        for labels in (CLEAN, NOISY)
    }
    p.table("loss", rows({
        **{f"{labels} labels: random share − largest GraNd": above(each) for labels, each in loss.items()},
        "noisy − clean": greater(loss[NOISY], loss[CLEAN]),
    }), caption="What the largest scores lose against a random share, in points of test accuracy with 95 % intervals; "
                "p not adjusted.")
    p.claim("noisy-below-random",
            greater(p.per_seed(table, "accuracy", labels=NOISY, offset="random"),
                    p.per_seed(table, "accuracy", labels=NOISY, offset=windows.offset.max())))
p.verdicts("n counts trainings; the ranking of an arm is the same in all of them.")

# %% tags=["hide-input"]
p.close()
