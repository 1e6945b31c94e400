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
# # Figures 5 and 6: images of smallest and largest GraNd

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network that scores; "" for that of the scale
seeds = 0  # networks; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
each = 2  # images shown at either end of every class

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

choices = {"dataset": ["", *CLASSES], "model": ["", *NETWORKS, "vgg13"], "each": [1, 2, 3, 4, 5]}
p = page.begin("datadiet/fig5-6", globals(), choices=choices)

# %% [markdown]
# GraNd is the norm of the gradient of the loss with respect to all weights, averaged over networks (eq. 8):
#
# $$\mathrm{GraNd}(x, y) = \mathbb{E}\, \Big\lVert \sum_{k=1}^{C} \big(p(x)^{(k)} - y_k\big)\,
# \psi^{(k)}(x) \Big\rVert_2 ,$$
#
# with $\psi^{(k)}$ the gradient of logit $k$. The paper takes it at initialisation and shows, for every class, the two
# images where it is smallest (Figure 5) and the two where it is largest (Figure 6).
#
# A network as initialised has seen no image, so it is not clear why its gradients should know what people find hard.
# The printed figures may show something else: the library that the authors used, asked for the checkpoint of step 0,
# returned the last one. So the same is shown twice here, for networks as initialised and for the last checkpoint of
# trained ones.

# %% tags=["experiment"]
from dataclasses import replace

from prunebook.recipes.diet import averaged
from prunebook.recipes.extremes import Extremes
from prunebook.recipes.grid import grid

EPOCH = {"grand_initial": 0, "grand_last": 200}


def experiment(scale):
    """The scores of each network alone, and the images by their mean."""
    runs = []
    for name, epoch in EPOCH.items():
        mean = averaged(
            scale, "grand", epoch, dataset=dataset, model=model
        )
        count = seeds or mean.pool
        mean = replace(mean, networks=count, pool=count)
        one = replace(mean, networks=1)
        runs += grid(
            lambda method, scores: Extremes(one, each=0),
            method=[name],
            scores=["one network"],
            seed=range(count),
        )
        runs += grid(
            lambda method, scores: Extremes(mean, each=each),
            method=[name],
            scores=["mean of networks"],
        )
    return runs


# %% tags=["hide-input"]
table = p.results(experiment, whole=True)
single = table[table.scores == "one network"]
averages = table[table.scores != "one network"]

# %% tags=["hide-input"]
from prunebook.page import extremes
from prunebook.page.style import words

networks = single.groupby("method")["seed"].count()
shown = {row.method: (extremes.arrays_of(p, row), row.classes) for row in averages.itertuples()}
for name, (arrays, classes) in shown.items():
    which = "every class" if len(classes) <= extremes.COLUMNS else f"each of the first {extremes.COLUMNS} classes"
    p.figure(
        name.replace("_", "-"),
        lambda style, arrays=arrays, classes=classes: extremes.picture(style, arrays, classes),
        caption=f"Training images with the smallest (above: the paper's Figure 5) and the largest (below: Figure 6) "
                f"score of {which}. The score is {words(name)}, averaged over {networks[name]} networks.",
        alt=extremes.described(arrays, classes),
        count=f"one mean of {networks[name]} networks",
    )

# %% tags=["hide-input"]
for name, (arrays, classes) in shown.items():
    p.table(f"images-{name.replace('_', '-')}", extremes.listed(arrays, classes),
            caption=f"The images shown for {words(name)}: index in the training set (score).",
            count=f"one mean of {networks[name]} networks")

# %% [markdown]
# ## Are the largest harder?
#
# What a few images suggest, [Figure 15](/book/executed/datadiet/fig15.ipynb) tests on all: how far GraNd at
# initialisation follows the norm of the image itself.
#
# A few images do not show what is hard, so the question is put to people and to other networks. In CIFAR-10N three
# people named the object in every training image; harder images have more of them **disagree** with the label of the
# data set. The **C-score** of an image is the expected accuracy on it of networks that were trained without it; harder
# images have a lower one. Compared are the 5 % of every class with the smallest and the 5 % with the largest score, so
# that classes count alike.
#
# For the claim counts that the largest are harder by both measures; against it, that they are easier by one. A
# replicate is the score of one network, and *n* counts networks. They all see the same images, so the verdict speaks of
# other networks, not of other images. Digits have no such annotations: there the table is left out and the claims are
# *not run*.

# %% tags=["hide-input"]
ends = extremes.ends(table, of=("method", "scores"))
if len(ends):
    p.table("ends", p.means(ends, "value", rows=["method", "scores", "measure"], columns="end"),
            caption="How hard the images at both ends of the score are, within classes, and Spearman's correlation of "
                    "the measure with the score over all images; mean ± 95 % interval (n). The mean of all networks is "
                    "one score.")

# %% tags=["hide-input"]
p.reported(table)

# %% tags=["hide-input"]
p.claim("largest-harder", extremes.harder(single[single.method == "grand_initial"]))
p.claim("largest-harder-last", extremes.harder(single[single.method == "grand_last"]))
p.verdicts()

# %% tags=["hide-input"]
p.close()
