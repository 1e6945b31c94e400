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
# # GraNd with true and with permuted labels

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network that scores; "" for that of the scale
seeds = 0  # networks a score; 0 for those of the scale
device = "auto"  # auto, cpu or cuda

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

choices = {"dataset": ["", *CLASSES], "model": ["", *NETWORKS, "vgg13"]}
p = page.begin("datadiet/label-dependence", globals(), choices=choices)

# %% [markdown]
# GraNd of an example is the norm of a sum over classes that contains its label $y$ (eq. 8):
#
# $$\mathrm{GraNd}(x, y) = \mathbb{E}\, \Big\lVert \sum_{k=1}^{C} \big(p(x)^{(k)} - y_k\big)\,
# \psi^{(k)}(x) \Big\rVert_2 ,$$
#
# with $\psi^{(k)}$ the gradient of logit $k$ and the mean over networks. At initialisation nothing in a network has
# seen a label, and no class differs from another by law: for a given image the score with one label is distributed as
# that with any other. So, the paper says, the score at initialisation should in theory not depend on the labels. It
# also finds that in practice this score prunes better than one without labels, and leaves that open.
#
# Here every network scores all examples twice: with their labels, and with the labels permuted over the whole training
# set, another permutation for each network. The weights are the same, so whatever differs is due to the labels. The
# same is done at the **last checkpoint** of trained networks, where the labels must matter: a control that the
# comparison can see a dependence. Norms of the images, which need neither network nor label, stand beside both.

# %% tags=["experiment"]
from dataclasses import replace

from prunebook.recipes.diet import averaged
from prunebook.recipes.grid import grid

EPOCH = {"grand_initial": 0, "grand_last": 200}


def experiment(scale):
    """Scores with true and with permuted labels, and input norms."""
    runs = []
    for name, epoch in EPOCH.items():
        mean = averaged(
            scale, "grand", epoch, dataset=dataset, model=model
        )
        runs += grid(
            lambda method, labels: replace(mean.scores, labels=labels),
            method=[name],
            labels=["given", "permuted"],
            seed=range(seeds or mean.pool),
        )
    norm = averaged(scale, "input_norm", dataset=dataset, model=model)
    return runs + grid(
        lambda method, labels: norm.scores,
        method=["input_norm"],
        labels=["given"],
    )


# %% tags=["hide-input"]
table = p.results(experiment, whole=True)

# %% tags=["hide-input"]
import numpy as np

scores = {key: np.stack([p.array(row, "scores") for row in part.itertuples()]).astype(float)
          for key, part in table.groupby(["method", "labels"], sort=False)}
norms = scores["input_norm", "given"][0]

# %% tags=["hide-input"]
from prunebook.arrays.ranks import spearman
from prunebook.page import show
from prunebook.page.density import density
from prunebook.page.style import words

means = {key: values.mean(0) for key, values in scores.items()}
together = {name: spearman(means[name, "given"], means[name, "permuted"]) for name in EPOCH}


def draw(style):
    """Averaged scores with either labels, at initialisation and at the end."""
    figure, axes = style.figure(2)
    for ax, name in zip(axes, EPOCH, strict=True):
        density(ax, means[name, "given"], means[name, "permuted"], log=name == "grand_last")
        ends = [(values.min(), values.max()) for values in (means[name, labels] for labels in ("given", "permuted"))]
        same = [max(low for low, _ in ends), min(high for _, high in ends)]
        ax.plot(same, same, color=style.text, linewidth=1, linestyle="--")
        ax.set(title=words(name).removeprefix("GraNd "), xlabel="GraNd, true labels", ylabel="GraNd, permuted labels")
    return figure


p.figure(
    "labels",
    draw,
    caption="GraNd of every training example with its label and with permuted labels, averaged over networks; "
            "the stronger the colour, the more examples; axes on the right are logarithmic. On the dashed line both "
            "are equal.",
    alt=" ".join(f"{words(name)}: Spearman's correlation {show.number(value)}; mean score "
                 f"{show.number(float(means[name, 'given'].mean()))} with true labels and "
                 f"{show.number(float(means[name, 'permuted'].mean()))} with permuted ones."
                 for name, value in together.items()),
)

# %% [markdown]
# ## Network by network
#
# For a single network the score of an example does move with its label, because this network happens to favour some
# classes. What must not move, if the claim is true, is the mean over all examples, and the order that is left when many
# networks are averaged.

# %% tags=["hide-input"]
import pandas as pd

TRUE, OTHER, CHANGE = "true labels", "permuted", "change (%)"
BOTH, NORM = "ρ of both", "ρ, input norm"
networks = pd.DataFrame([
    {"method": name, "seed": seed, TRUE: given.mean(), OTHER: permuted.mean(),
     CHANGE: 100 * (permuted.mean() / given.mean() - 1), BOTH: spearman(given, permuted), NORM: spearman(given, norms)}
    for name in EPOCH
    for seed, (given, permuted) in enumerate(zip(scores[name, "given"], scores[name, "permuted"], strict=True))
])
long = networks.melt(["method", "seed"], var_name="quantity")
p.table("networks", p.means(long, "value", rows=["method"], columns="quantity"),
        caption="Single networks: mean GraNd of all examples with either labels, Spearman's correlation of the two "
                "scores, and of the score with true labels and the norm of the image; mean ± 95 % interval (n "
                "networks).")

# %% [markdown]
# ## Averages of disjoint networks
#
# How alike can two averages be? The networks are split into two halves, $A$ and $B$. With true labels in both, $\rho(A,
# B)$ is the **ceiling**: it falls short of 1 only because few networks were averaged. Then one half keeps its true
# labels and the other has permuted ones. If labels do not matter, nothing changes; if they do, $\rho$ falls. Intervals
# are from the jackknife, which leaves out one pair of networks at a time, one of either half; those of correlations are
# worked out on Fisher's scale, artanh $\rho$, and so end before 1. Few pairs tell little about a correlation by itself.
# The difference of the two is known better, because both change together when a pair is left out.

# %% tags=["hide-input"]
from prunebook.page.jackknife import leave_one_out


def halves(name):
    """LeftOut of (ceiling, ρ with permuted labels in one half); network 2k is in half A, network 2k + 1 in B."""
    given, permuted = scores[name, "given"], scores[name, "permuted"]

    def compared(pairs):
        a, b = 2 * pairs, 2 * pairs + 1
        own_a, own_b, other_a, other_b = (half.mean(0) for half in (given[a], given[b], permuted[a], permuted[b]))
        return spearman(own_a, own_b), (spearman(own_a, other_b) + spearman(other_a, own_b)) / 2

    return leave_one_out(compared, len(given) // 2)


split = {name: halves(name) for name in EPOCH if len(scores[name, "given"]) > 1}
NUMBERS = {
    "ceiling": lambda both: both[0],
    "permuted in one": lambda both: both[1],
    "difference": lambda both: both[1] - both[0],
}
rows = {
    name: {what: left_out.above(of=of, correlation=what != "difference") for what, of in NUMBERS.items()}
    for name, left_out in split.items()
}
frame = pd.DataFrame([
    {"method": name, "pairs": str(found["difference"].n),
     **{what: show.with_interval(part.effect, part.low, part.high, least=2) for what, part in found.items()},
     "all averaged": f"{together[name]:.3f}".replace("-", show.MINUS)}
    for name, found in rows.items()
])
frame.attrs["long"] = pd.DataFrame([
    {"method": name, "quantity": what, "effect": part.effect, "low": part.low, "high": part.high, "n": part.n}
    for name, found in rows.items() for what, part in found.items()
])
p.table("halves", frame, caption="Spearman's correlation of GraNd averaged over one half of the networks and over "
                                 "the other, with true labels in both (the ceiling) and permuted ones in one, with "
                                 "95 % intervals; and of both scores averaged over all networks, which share their "
                                 "weights.")

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# Fixed beforehand: the score **does not depend on the labels** if permuting them changes the mean score by less than
# one percent (equivalence over networks, paired, because both scores come from the same weights), **and** lowers the
# correlation of two halves by less than 0.1 below its ceiling (*n* counts pairs of networks). Either part can speak
# against the claim. The control asks for a larger mean score with permuted labels at the last checkpoint.
# That the score follows the **input norm** is not the paper's claim but what a reproduction by others found; it counts
# as found if a single network's score has $\rho > 0.5$ with it.
#
# Whether permuted labels also leave accuracy after pruning as it is, [Figure 12](/book/executed/datadiet/fig12.ipynb)
# tests, on one mean of ten networks each; the verdicts need not agree, and that page says why.

# %% tags=["hide-input"]
from prunebook.page.comparisons import all_of
from prunebook.page.evidence import above, equivalent, greater

initial, last = (networks[networks.method == name].set_index("seed") for name in EPOCH)
if "grand_initial" in split:
    p.claim("label-independent", all_of({
        "change of the mean": equivalent(initial[CHANGE], 0 * initial[CHANGE], margin=1.0, paired=True, unit="%"),
        "ranking by disjoint halves": split["grand_initial"].above(-0.1, of=NUMBERS["difference"]),
    }))
p.claim("control-last-checkpoint", greater(last[OTHER], last[TRUE], paired=True, unit="of mean GraNd"))
p.claim("follows-input-norm", above(initial[NORM], 0.5, unit="ρ"))
p.verdicts()

# %% tags=["hide-input"]
p.close()
