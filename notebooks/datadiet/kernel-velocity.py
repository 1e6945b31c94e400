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
# # Kernel velocity: which examples move the network?

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network whose kernel is followed; "" for that of the scale
seeds = 0  # networks followed; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
score = "el2n"  # score at epoch 10 that sorts the examples: el2n or grand
pairs = []  # epochs t, each with the epoch after it; [] for those of the scale

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

choices = {"dataset": ["", *CLASSES], "model": ["", *NETWORKS], "score": ["el2n", "grand"]}
p = page.begin("datadiet/kernel-velocity", globals(), choices=choices)

# %% [markdown]
# The gradient $\psi_t^{(k)}(x_i)$ of logit $k$ on example $i$ with respect to all weights tells how the logit would
# answer to a change of the weights. For $m$ examples and $C$ classes these gradients are the $mC$ rows of a matrix
# $\Psi_t$, and $K_t = \Psi_t \Psi_t^\top$ is the *neural tangent kernel* on these examples. While it stands still, the
# network learns as a linear model would; where it turns, the network is learning new features. How far it turns from
# one epoch to the next is its velocity (eq. 7), with the inner product and the norm of Frobenius:
#
# $$v = 1 - \frac{\langle K_t, K_{t+1} \rangle}{\lVert K_t \rVert\, \lVert K_{t+1} \rVert}.$$
#
# It is 0 if the kernel only grows or shrinks, and at most 1. All training examples are sorted by a score, ascending.
# From several places in this order $m = 100$ contiguous examples are taken, and the velocity of their kernel is
# computed at several times in training. If examples of high score are those that move the network most, velocity rises
# from left to right; a flat or falling line speaks against it.
#
# The kernel is exact: all logits, all weights and biases, those of batch norm included. Networks are in evaluation
# mode, images are not augmented. Epoch 0 is the network as initialised.

# %% tags=["experiment"]
from prunebook.recipes.dynamics import PAIRS, velocity
from prunebook.recipes.grid import grid

SEEDS = {"smoke": 2, "small": 3, "paper": 4}


def experiment(scale):
    """Velocities along the ranking, for each pair of epochs and network."""
    chosen = sorted(set(pairs)) or PAIRS[scale]
    return grid(
        lambda epoch: velocity(
            scale, chosen, epoch, score, dataset=dataset, model=model
        ),
        epoch=chosen,
        seed=range(seeds or SEEDS[scale]),
    )


# %% tags=["hide-input"]
table = p.results(experiment, enough={"small": 3, "paper": 4})
lists = [name for name in ("start", "velocity", "score") if name in table]
points = table.explode(lists).astype(dict.fromkeys(lists, float)) if lists else table
points["pair"] = [f"{epoch} to {epoch + 1}" for epoch in points.epoch]

# %% tags=["hide-input"]
from prunebook.page.bands import percentile_lines
from prunebook.page.figures import describe
from prunebook.page.style import words

recipe = p.runs[0].recipe
followed = f"{words(recipe.trajectory.model)} of width {recipe.trajectory.width}"
m, size = recipe.examples, recipe.trajectory.training.batch_size


def velocities(style):
    """Velocity against the place in the ranking, a line a pair of epochs."""
    figure = percentile_lines(
        style, points, x="start", y="velocity", hue="pair",
        labels={"start": f"index of the first example, by {words(score)}", "velocity": "kernel velocity"},
    )
    if lists:
        figure.axes[0].set_ylim(bottom=0)
    return figure


p.figure(
    "velocity",
    velocities,
    caption=f"Velocity of the kernel on {m} contiguous examples, sorted by {words(score)}, against the index of the "
            f"first; {followed}, a line a pair of epochs. Means and 16th to 84th percentile of the networks.",
    alt=f"Kernel velocity by epochs, at the lowest and the highest scores: "
        f"{describe(points, 'velocity', by='pair', over='start')}",
)

# %% [markdown]
# Lines at different heights are compared by their shape. *Rise* is the slope of the least-squares line through a
# network's velocities, from the one end of the ranking to the other, in percent of their mean: with a rise of 100 the
# velocity grows along the ranking by as much as its mean. A line that is flat but for its ends has a rise, too. So the
# *inner rise* leaves out the first and the last place.

# %% tags=["hide-input"]
import pandas as pd

from prunebook.page.evidence import slopes

MEASURES = {"lowest": "100 v, lowest scores", "highest": "100 v, highest scores", "rise": "rise (%)",
            "inner": "inner rise (%)"}


def rise(place, velocity):
    """Slope over the whole ranking in percent of the mean velocity; NaN for fewer than two places."""
    return 100 * slopes([velocity], place)[0] / (sum(velocity) / len(velocity)) if len(place) > 1 else float("nan")


def shape(run):
    """What one network's velocities between one pair of epochs come to."""
    place = [start / run.start[-1] for start in run.start]
    return {
        "pair": f"{run.epoch} to {run.epoch + 1}", "seed": run.seed, "lowest": 100 * run.velocity[0],
        "highest": 100 * run.velocity[-1], "rise": rise(place, run.velocity),
        "inner": rise(place[1:-1], run.velocity[1:-1]),
    }


shapes = pd.DataFrame([shape(run) for run in table.itertuples()] if lists else [],
                      columns=["pair", "seed", *MEASURES])
long = shapes.melt(["pair", "seed"], var_name="measure").replace({"measure": MEASURES}).dropna()
p.numbers("velocities", points[["pair", "seed", *lists]])
p.table("shape", p.means(long, "value", rows=["pair"], columns="measure").rename(columns={"pair": "epochs"}),
        caption="How velocity changes along the ranking, mean ± 95 % interval (n networks).")

# %% [markdown]
# A velocity of this kind mixes two things: steps that a network takes because it learns, and steps that the noise of
# mini-batches makes it take. A test accuracy that still grows says that there is something to learn; where it does not,
# noise may be most of what is seen.

# %% tags=["hide-input"]
accuracies = pd.DataFrame([
    {"pair": f"{run.epoch} to {run.epoch + 1}", "seed": run.seed, "accuracy": accuracy,
     "when": when}
    for run in (table.itertuples() if lists else [])
    for when, accuracy in zip(("at the first of the two", "at the second"), run.test_accuracy, strict=True)
], columns=["pair", "seed", "accuracy", "when"])
p.table("accuracy", p.means(accuracies, "accuracy", rows=["pair"], columns="when").rename(columns={"pair": "epochs"}),
        caption="Test accuracy in percent of the networks followed, mean ± 95 % interval (n).")

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# The claim is tested on one number a network: its rise, averaged over the pairs of epochs. n counts networks followed,
# redrawn in initial weights and in the order of the data; none of them is among those that made the score. The ranking
# is one for all of them, a mean over networks, so that the interval does not speak of other rankings. The inner rise
# belongs to no claim; it tells a steady rise from one of the ends alone.

# %% tags=["hide-input"]
from prunebook.page.comparisons import rows
from prunebook.page.evidence import above

inner = p.per_seed(shapes.dropna(), "inner")
p.table("inner", rows({"inner rise above 0": above(inner, unit="% of the mean")}),
        caption="The rise without the first and the last place, averaged over the pairs of epochs, with 95 % interval; "
                "p not adjusted.")
p.claim("rises-with-score", above(p.per_seed(shapes, "rise"), unit="% of the mean"))
p.verdicts()

# %% tags=["hide-input"]
p.close()
