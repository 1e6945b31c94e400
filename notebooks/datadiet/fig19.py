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
# # Figure 19: EL2N and memorization

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network that scores; "" for that of the scale
seeds = 0  # networks; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
neighbours = 20  # of the stand-in, where there are no memorization values

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

known = [name for name in CLASSES if name != "cifar10"]  # of which nobody published memorization values
p = page.begin("datadiet/fig19", globals(), choices={"dataset": ["", *known], "model": ["", *NETWORKS, "vgg13"]})

# %% [markdown]
# A training example is **memorized** as far as networks get it right only if it was among their training data: the
# probability of a right answer with it in, less that without it. EL2N at epoch 20, $\mathbb{E}\, \lVert p(x) - y
# \rVert_2$, is how far networks are from its label early in training. An odd example should have much of both. The
# paper plots one against the other for examples of CIFAR-100 and sees no correlation.
#
# **Which examples.** The authors of the memorization values gave out 1,015 pairs of a training image and a test image,
# and only those where the training image is memorized by at least .25 and raises the accuracy on the test image by more
# than .15. They hold 964 training images out of 50,000. All others, among them nearly all easy ones, are missing, and a
# correlation over a narrow range is weaker than over the whole. The histogram below shows the range.
#
# **Controls.** The C-score of an example is the expected accuracy on it of networks that were trained without it, and
# is known for all 50,000. If EL2N has no correlation with C-scores either, then it is EL2N that fails; and if
# memorization has none with C-scores within the 964, then the range is too narrow to show anything.

# %% tags=["experiment"]
from dataclasses import replace

from prunebook.recipes.diet import averaged
from prunebook.recipes.grid import grid
from prunebook.recipes.memorization import Memorization

DATASET = {"smoke": "digits", "small": "cifar100", "paper": "cifar100"}
MODEL = {"paper": "resnet50"}  # otherwise the scale's


def experiment(scale):
    """The scores of each network alone, and their mean."""
    mean = averaged(
        scale,
        "el2n",
        20,
        dataset=dataset or DATASET[scale],
        model=model or MODEL.get(scale, ""),
        until=20,
    )
    count = seeds or mean.pool
    mean = replace(mean, networks=count, pool=count)
    one = replace(mean, networks=1)
    return grid(
        lambda scores: Memorization(one, neighbours),
        scores=["one network"],
        seed=range(count),
    ) + grid(
        lambda scores: Memorization(mean, neighbours),
        scores=["mean of networks"],
    )


# %% tags=["hide-input"]
table = p.results(experiment, whole=True)
single = table[table.scores == "one network"]
average = next(table[table.scores != "one network"].itertuples())

# %% [markdown]
# Digits have neither memorization values nor C-scores. At smoke scale a **stand-in** takes their place: the share of
# the nearest training images, by pixels, that have another label. It shows the machinery, and the claims are *not run*.

# %% tags=["hide-input"]
from prunebook.arrays.ranks import spearman
from prunebook.page import show

real = "rho_memorization" in table
beside = "memorization" if real else "disagreement"
name = "memorization" if real else "share of neighbours with another label (stand-in)"
el2n, values = (p.array(average, what).astype(float) for what in ("scores", beside))
rho = spearman(el2n, values)


def draw(style):
    """The paper's scatter, and how its values are spread."""
    figure, (left, right) = style.figure(2)
    look = style.look("el2n")
    left.scatter(values, el2n, s=9, color=look.colour, alpha=0.5, linewidths=0)
    left.set(xlabel=name if real else "stand-in", ylabel="EL2N", title=f"ρ = {rho:.2f}".replace("-", show.MINUS))
    right.hist(values, bins=30, range=(0, 1), color=style.look("memorization").colour)
    right.set(xlabel=name if real else "stand-in", ylabel="images", title=f"{len(values):,} images")
    return figure


p.figure(
    "memorization",
    draw,
    caption=f"EL2N at epoch 20, averaged over {len(single)} networks, against {name}: the paper's figure (left), and "
            f"how the values on its horizontal axis are spread (right).",
    alt=f"Scatter of {len(values)} images, Spearman's correlation {show.number(rho)}; {name} goes from "
        f"{show.number(values.min())} to {show.number(values.max())}, half of the images lie above "
        f"{show.number(float(sorted(values)[len(values) // 2]))}.",
)

# %% tags=["hide-input"]
import pandas as pd

ROWS = {
    "rho_memorization": "EL2N and memorization, the 964 images",
    "rho_c_scores": "EL2N and C-score, the 964 images (control)",
    "rho_c_scores_all": "EL2N and C-score, all images (control)",
    "rho_disagreement": "EL2N and the stand-in, all images",
}
long = pd.DataFrame([
    {"correlation": ROWS[column], "scores": row.scores, "seed": row.seed, "ρ": getattr(row, column)}
    for column in ROWS if column in table for row in table.itertuples()
])
p.table("correlations", p.means(long, "ρ", rows=["correlation"], columns="scores"),
        caption="Spearman's correlations; mean ± 95 % interval (n). For single networks n counts networks; their mean "
                "is one score.")

# %% tags=["hide-input"]
if real:
    c_scores = p.array(average, "c_scores").astype(float)
    show.show(
        f"Within these {len(values)} images memorization and C-score, neither of which is ours, have ρ = "
        f"{show.number(spearman(values, c_scores))}. Memorization lies between {show.number(values.min())} and "
        f"{show.number(values.max())}, and half of the images have an EL2N in the upper "
        f"{show.number(100 * (1 - average.rank), 2)} % of all training images."
    )

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# **Not correlated** means $|\rho| < 0.1$, fixed beforehand, for EL2N averaged over the networks: two one-sided tests,
# in which *n* counts images, because a handful of networks average to nearly the same score while another choice of
# images could give another correlation. A correlation beyond 0.1 is against the claim, and an interval that holds 0.1
# leaves it undecided. The **control** asks for $\rho < -0.5$ between EL2N and C-scores over all images; there *n*
# counts networks. Where the control fails, a missing correlation is no evidence and the claim's regime is not reached.

# %% tags=["hide-input"]
from prunebook.page.evidence import above, correlation

CONTROL = 0.5
if real:
    strength = -single["rho_c_scores_all"]
    failed = None if strength.mean() > CONTROL else f"the control is only ρ = {show.number(-strength.mean())}"
    p.claim("not-correlated", correlation(el2n, values, expected="none", margin=0.1), regime=failed)
    p.claim("control-c-scores", above(strength, CONTROL, unit="(−ρ)"))
p.verdicts()

# %% tags=["hide-input"]
p.close()
