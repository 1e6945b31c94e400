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
# # Figure 12: accuracy against the fraction pruned

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for that of the scale
model = ""  # network that scores and is trained; "" for those of the scale
seeds = 0  # trainings an arm; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
methods = []  # scores to prune by; [] for all eight arms
keep = []  # shares of the data that are kept; [] for those of the scale

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

ARMS = [
    "random", "el2n", "forgetting", "grand_initial", "grand_last", "input_norm", "grand_initial_permuted",
    "grand_last_permuted",
]
choices = {"dataset": ["", *CLASSES], "model": ["", *NETWORKS], "methods": ARMS}
p = page.begin("datadiet/fig12", globals(), choices=choices)

# %% [markdown]
# Which examples can be left out of training? A score ranks all $N$ of them, the share with the lowest scores is left
# out, and a new network is trained on the rest, with the same number of steps whatever is kept. A good score loses
# less accuracy than a random share of the same size does. The three scores of the paper, for an example $x$ with label
# $y$:
#
# * **EL2N** at epoch 20, the norm of the error, $\mathbb{E}\,\lVert p(w, x) - y \rVert_2$ (eq. 9);
# * **GraNd** at initialisation, the norm of the gradient of its loss, $\mathbb{E}\,\lVert \nabla_w \ell(w; x, y)
#   \rVert_2$ (eq. 8);
# * **forgetting**, how often it is classified correctly and then wrongly again in the course of training.
#
# $\mathbb{E}$ is a mean over networks. Four arms are ours. Others report that GraNd at initialisation does not
# reproduce and mostly follows the **input norm**, the norm of the image itself. And the authors' code may have loaded
# the **last checkpoint** where it asked for the network at initialisation: so GraNd of trained networks stands beside
# it. Both are also computed with all **labels permuted**: a score that is as good without the true labels has no use
# for them.

# %% tags=["experiment"]
from dataclasses import replace

from prunebook.recipes.diet import averaged, network, pruned
from prunebook.recipes.grid import grid

SCORES = {  # arm: score and the paper's epoch
    "random": None,
    "el2n": ("el2n", 20),
    "forgetting": ("forgetting", 200),
    "grand_initial": ("grand", 0),
    "grand_last": ("grand", 200),
    "input_norm": ("input_norm", 0),
    "grand_initial_permuted": ("grand", 0),
    "grand_last_permuted": ("grand", 200),
}
PERMUTED = [name for name in SCORES if name.endswith("permuted")]
KEEP = {
    "smoke": [0.5],
    "small": [0.5],
    "paper": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2],
}
MODELS = {"paper": ["resnet18", "resnet50"]}
PERMUTED_KEEP = 0.5  # controls, so at one share
SEEDS = {"smoke": 2, "small": 4, "paper": 4}
FULL = {"smoke": 2, "small": 4, "paper": 4}  # only a line to compare with


def experiment(scale):
    """One training an arm, share kept and seed, and some on everything."""

    def make(model, method, keep):
        kind = SCORES.get(method)
        options = dict(dataset=dataset, model=model)
        score = averaged(scale, *kind, **options) if kind else None
        if method in PERMUTED:
            labels = replace(score.scores, labels="permuted")
            score = replace(score, scores=labels)
        return pruned(scale, score, keep, **options)

    usual = MODELS.get(scale, [network(scale)["model"]])
    models = [model] if model else usual
    arms = grid(
        make,
        model=models,
        method=methods or SCORES,
        keep=keep or KEEP[scale],
        seed=range(seeds or SEEDS[scale]),
    )
    full = range(seeds or FULL[scale])
    return [
        run
        for run in arms
        if keep
        or run.labels["method"] not in PERMUTED
        or run.labels["keep"] == PERMUTED_KEEP
    ] + grid(make, model=models, method=["full"], keep=[1.0], seed=full)


# %% tags=["hide-input"]
table = p.results(experiment, enough={"small": 4, "paper": 4})
arms = table[table.method != "full"]

# %% tags=["hide-input"]
from prunebook.page.arms import percentile_bars
from prunebook.page.bands import percentile_lines
from prunebook.page.style import words

shown = table.assign(pruned=[round(100 - 100 * share, 1) for share in table.keep])
networks = list(dict.fromkeys(shown.model))
arm_columns = ["model", "method"] if len(networks) > 1 else ["method"]


def panels(part):
    """The runs twice: with test accuracy, and with training accuracy on what was kept, each a panel a network."""
    both = p.measured(part, **{"test set": "accuracy", "kept data": "train_accuracy"})
    several = len(networks) > 1
    return both.assign(panel=both.model.map(words) + ", " + both.measured if several else both.measured)


full = table[table.method == "full"]
everything = f"All data: test {p.describe(full, 'accuracy', by='method')}" if len(full) else ""
widths = {run.recipe.width for run in p.runs}
followed = " and ".join(map(words, networks)) + (f" of width {widths.pop()}" if len(widths) == 1 else "")


def bars(style):
    """One share kept: a bar an arm, and the baselines across."""
    baselines = shown[shown.method.isin(["full", "random"])]
    return percentile_bars(style, shown[~shown.method.isin(["full", "random"])], y="accuracy", hue="method",
                           across=baselines, label="test accuracy (%)")


def lines(style):
    """Several shares kept: a line an arm, on the test set and on what was kept."""
    return percentile_lines(
        style, panels(shown[shown.method != "full"]), x="pruned", y="value", hue="method", column="panel",
        across=panels(shown[shown.method == "full"]),
        labels={"pruned": "training examples left out (%)", "value": "accuracy (%)"},
    )


single = len(networks) == 1 and arms.keep.nunique() == 1
p.figure(
    "accuracy",
    bars if single else lines,
    caption=f"{followed}: test accuracy after leaving out the {100 - 100 * arms.keep.iloc[0]:g} % of the examples with "
            "the lowest scores. Bars are means, whiskers the 16th to 84th percentile of the runs, as in the paper, and "
            "dots the runs. Dashed: training on a random share of that size, and on all of the data. The axis does not "
            "begin at zero." if single else
            f"{followed}: test accuracy after leaving out the examples with the lowest scores, accuracy in the last "
            "pass over what was kept, and from side to side both with all of the data. Lines are means, bands the 16th "
            "to 84th percentile of the runs, as in the paper; such a band is no interval of the mean.",
    alt=f"Test accuracy by share kept: {p.describe(arms, 'accuracy', by='method', over='keep')} "
        f"Training accuracy: {p.describe(arms, 'train_accuracy', by='method', over='keep')} {everything}",
)

# %% tags=["hide-input"]
if single:
    p.ranked(shown, "accuracy", by="method")

# %% [markdown]
# The paper prints no values for its points. Those at `paper` scale are at 10 to 80 percent left out, in steps of ten.
# At `small` there is one point, half of the data; the scores with permuted labels have no other.

# %% tags=["hide-input"]
p.table("accuracy", p.means(shown, "accuracy", rows=arm_columns, columns="pruned"),
        caption="Test accuracy in percent by the percentage of examples left out, mean ± 95 % interval (n).")

# %% [markdown]
# Hard examples teach a network only once it has learned the easy ones. A network that is trained too little can do
# worse on the hardest half than on a random one, and then says little about the score. Accuracy on the kept data, as
# trained, tells how far training came.

# %% tags=["hide-input"]
p.table("training", p.means(shown, "train_accuracy", rows=arm_columns, columns="pruned"),
        caption="Training accuracy in percent on the kept data in the last pass over it, with augmentation, mean ± "
                "95 % interval (n).")

# %% [markdown]
# A score may also hurt by what it does to the classes: it can keep few examples of some, because of their images, or
# because the untrained networks happen to favour them, which labels permuted anew for each network would even out. How
# uneven the classes are stands below; how much of a difference in accuracy is due to that, no arm here can tell.

# %% tags=["hide-input"]
from prunebook.page.arms import class_shares

p.table("classes", class_shares(shown, by=[*arm_columns, "pruned"]),
        caption="Examples kept of the smallest and of the largest class, in percent of an even share; means over the "
                "trainings.")

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# n counts trainings, each with initial weights of its own. A random share is drawn anew for each; a score is not: all
# trainings of an arm share one averaged ranking, apart from its ties. So an interval speaks of this ranking, not of
# other networks that could have scored.
#
# Every comparison uses one number a training seed, its accuracy averaged over the shares kept, so that many points do
# not make many tests. First those that belong to no claim; their p-values are not adjusted.

# %% tags=["hide-input"]
from prunebook.page.comparisons import rows, shortfall
from prunebook.page.evidence import above, equivalent, greater


def arm(method, **where):
    """One number a seed: test accuracy averaged over the shares kept."""
    return p.per_seed(arms, "accuracy", method=method, **where)


def compared(one, other):
    """Evidence that one arm is above another, at the shares that both have."""
    kept = [set(arms[arms.method == name].keep) for name in (one, other)]
    return greater(*(arm(name, keep=kept[0] & kept[1]) for name in (one, other)))


pairs = [(one, "random") for one in ARMS[1:]] + [
    ("grand_initial", "input_norm"), ("grand_initial", "grand_initial_permuted"),
    ("grand_last", "grand_last_permuted"), ("grand_last", "grand_initial"),
]
p.table("comparisons", rows({f"{words(one)} − {words(other)}": compared(one, other) for one, other in pairs}),
        caption="Differences of test accuracy with 95 % intervals (Welch), averaged over the shares kept.")

# %% [markdown]
# *Competitive* is an equivalence: EL2N and forgetting must be shown to lie within one point of each other, a margin
# fixed beforehand. *GraNd at initialisation is above random* is a comparison with a random share; the table above
# says what the norm of the image alone gives, what trained networks give, and what both give with permuted labels.
# *Roughly the same accuracy* for GraNd and EL2N is an equivalence with the same margin.
#
# With **permuted labels** pruning by GraNd at initialisation would give the same accuracy if its ranking did not depend
# on the labels: an equivalence too, of this one mean of networks with that one. The page [GraNd with true and with
# permuted labels](/book/executed/datadiet/label-dependence.ipynb) asks something else: whether labels change the mean
# of the score and its order between networks that have nothing in common. Here both rankings come from the same few
# networks. What these favour by chance in the true classes may be left in one mean and not in the other; no arm shows
# whether that is why. So the two verdicts can differ without contradicting each other.
#
# *The same pattern* is a
# positive rank correlation between the networks, for each seed over all arms and shares, of the gains over a random
# share; it and the comparison of the two networks need ResNet-50, which is run at `paper` scale only.

# %% tags=["hide-input"]
from prunebook.arrays.ranks import spearman

share = arms[arms.method == "random"]
p.claim("el2n-competitive", equivalent(arm("el2n"), arm("forgetting"), margin=1.0),
        regime=shortfall(arms, random=share, method=["el2n", "forgetting"], keep=set(arms.keep)))
p.claim("grand-as-el2n", equivalent(arm("grand_initial"), arm("el2n"), margin=1.0),
        regime=shortfall(arms, random=share, method=["grand_initial", "el2n"], keep=set(arms.keep)))
p.claim("grand-above-random", greater(arm("grand_initial"), arm("random")),
        regime=shortfall(arms, random=share, method=["grand_initial"], keep=set(arms.keep)))
own, permuted = (arm(name, keep=PERMUTED_KEEP) for name in ("grand_initial", "grand_initial_permuted"))
p.claim("grand-label-free", equivalent(own, permuted, margin=1.0))
if len(networks) == 2 and len(share):
    where = ["model", "keep", "seed"]
    base = share.set_index(where).accuracy.rename("base")
    gains = arms[arms.method != "random"].join(base, on=where)
    gains["gain"] = gains.accuracy - gains.base
    wide = gains.pivot_table(index=["seed", "method", "keep"], columns="model", values="gain")[networks].dropna()
    p.claim("same-pattern", above([spearman(*part.to_numpy().T) for _, part in wide.groupby("seed")], unit="ρ"))
    first, second = (p.per_seed(gains, "gain", method="grand_initial", model=name) for name in networks)
    p.claim("grand-better-resnet18", greater(first, second))
p.verdicts("n counts trainings; the ranking of an arm is the same in all of them.")

# %% tags=["hide-input"]
p.close()
