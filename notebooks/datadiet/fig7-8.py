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
# # Figures 7 and 8: images of smallest and largest EL2N

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
p = page.begin("datadiet/fig7-8", globals(), choices=choices)

# %% [markdown]
# EL2N is the length of the error vector, averaged over networks (eq. 9):
#
# $$\mathrm{EL2N}(x, y) = \mathbb{E}\, \lVert p(x) - y \rVert_2 .$$
#
# The paper takes it after 10 epochs and shows, for every class, the two images where it is smallest (Figure 7) and the
# two where it is largest (Figure 8). It is 0 where all networks are sure and right, and at most $\sqrt 2$, where all
# are sure and wrong. So it finds what these networks find hard; the question is whether that is what people find hard.

# %% tags=["experiment"]
from dataclasses import replace

from prunebook.recipes.diet import averaged
from prunebook.recipes.extremes import Extremes
from prunebook.recipes.grid import grid

EPOCH = 10  # the paper's; later ones are 20 and 200


def experiment(scale):
    """The scores of each network alone, and the images by their mean."""
    mean = averaged(scale, "el2n", EPOCH, dataset=dataset, model=model)
    count = seeds or mean.pool
    mean = replace(mean, networks=count, pool=count)
    one = replace(mean, networks=1)
    return grid(
        lambda scores: Extremes(one, each=0),
        scores=["one network"],
        seed=range(count),
    ) + grid(
        lambda scores: Extremes(mean, each=each),
        scores=["mean of networks"],
    )


# %% tags=["hide-input"]
table = p.results(experiment, whole=True)
single = table[table.scores == "one network"]
average = next(table[table.scores != "one network"].itertuples())

# %% tags=["hide-input"]
from prunebook.page import extremes

arrays, classes = extremes.arrays_of(p, average), average.classes
which = "every class" if len(classes) <= extremes.COLUMNS else f"each of the first {extremes.COLUMNS} classes"
p.figure(
    "el2n",
    lambda style: extremes.picture(style, arrays, classes),
    caption=f"Training images with the smallest (above: the paper's Figure 7) and the largest (below: Figure 8) score "
            f"of {which}. The score is EL2N, averaged over {len(single)} networks.",
    alt=extremes.described(arrays, classes),
    count=f"one mean of {len(single)} networks",
)

# %% tags=["hide-input"]
p.table("images", extremes.listed(arrays, classes), caption="The images shown: index in the training set (score).",
        count=f"one mean of {len(single)} networks")

# %% [markdown]
# ## Are the largest harder?
#
# A few images show nothing, so the question is put to people and to other networks. In CIFAR-10N three people named the
# object in every training image; harder images have more of them **disagree** with the label of the data set. The
# **C-score** of an image is the expected accuracy on it of networks that were trained without it; harder images have a
# lower one. Compared are the 5 % of every class with the smallest and the 5 % with the largest score, so that classes
# count alike.
#
# For the claim counts that the largest are harder by both measures; against it, that they are easier by one. A
# replicate is the score of one network, and *n* counts networks. They all see the same images, so the verdict speaks of
# other networks, not of other images. Digits have no such annotations: there the table is left out and the claim is
# *not run*.

# %% tags=["hide-input"]
ends = extremes.ends(table, of=("scores",))
if len(ends):
    p.table("ends", p.means(ends, "value", rows=["scores", "measure"], columns="end"),
            caption="How hard the images at both ends of the score are, within classes, and Spearman's correlation of "
                    "the measure with the score over all images; mean ± 95 % interval (n). The mean of all networks is "
                    "one score.")

# %% tags=["hide-input"]
p.reported(table)

# %% tags=["hide-input"]
p.claim("largest-harder", extremes.harder(single))
p.verdicts()

# %% tags=["hide-input"]
p.close()
