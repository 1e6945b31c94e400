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
# # Figure 9: do scores need labels?

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

p = page.begin("datadiet/fig9", globals(), choices={"dataset": ["", *CLASSES], "model": ["", *NETWORKS]})

# %% [markdown]
# GraNd weighs the gradients of the logits, $\psi^{(k)}(x) = \nabla_w f^{(k)}(x)$, with the errors
# $p^{(k)}(w, x) - y_k$, so it needs the label $y$. Three scores of the paper do without, with $C$ classes:
#
# $$\begin{aligned}
# \text{Score}_1 &= \mathbb{E}\,\Bigl\lVert \sum_k \psi^{(k)}(x) \Bigr\rVert_2 , \\
# \text{Score}_2 &= \mathbb{E}\,\Bigl\lVert p(w, x) - \tfrac{1}{C}\mathbf{1} \Bigr\rVert_2 , \\
# \text{Score}_3 &= \mathbb{E} \sum_k \bigl\lVert \psi^{(k)}(x) \bigr\rVert_2^2
# \end{aligned}$$
#
# (eqs. 10 to 12). Score 1 is GraNd without the errors; Score 2 grows where the network is sure; Score 3 is the size of
# all logit gradients together. Each is taken from networks at initialisation and after 20 epochs; the half with the
# highest scores is kept, and new networks are trained on it. If only labels make a score useful, none of the three
# beats a random half.
#
# At initialisation the network has not seen a label, so GraNd has little to gain from it in theory. The paper finds it
# above Score 1 nevertheless, and calls that unanticipated.

# %% tags=["experiment"]
from dataclasses import replace

from prunebook.recipes.diet import averaged, pruned
from prunebook.recipes.grid import grid

SCORES = {  # arm: score and the paper's epoch
    "grand_initial": ("grand", 0),
    "el2n": ("el2n", 20),
    "label_free_1_initial": ("label_free_1", 0),
    "label_free_2_initial": ("label_free_2", 0),
    "label_free_3_initial": ("label_free_3", 0),
    "label_free_1_early": ("label_free_1", 20),
    "label_free_2_early": ("label_free_2", 20),
    "label_free_3_early": ("label_free_3", 20),
    "random": None,
    "full": None,
}
NETWORKS_FREE = {"smoke": 1, "small": 2}  # Score 3 needs C backward passes
SEEDS = {"smoke": 2, "small": 3, "paper": 3}
FULL = {"small": 4}  # only a line to compare with; Figure 12 has these


def experiment(scale):
    """One training for each arm and seed, with as many steps."""

    def make(method):
        options = dict(dataset=dataset, model=model)
        if SCORES[method] is None:
            share = 1.0 if method == "full" else keep
            return pruned(scale, None, share, **options)
        score = averaged(scale, *SCORES[method], **options)
        few = NETWORKS_FREE.get(scale)
        if few and method.startswith("label_free"):
            score = replace(score, networks=few, pool=few)
        return pruned(scale, score, keep, **options)

    runs = []
    for method in SCORES:
        if scale == "smoke" and method.endswith("early"):
            continue
        full = FULL.get(scale) if method == "full" else None
        count = seeds or full or SEEDS[scale]
        runs += grid(make, method=[method], seed=range(count))
    return runs


# %% tags=["hide-input"]
table = p.results(experiment, enough={"small": 2, "paper": 3})
scored = table[~table.method.isin(["random", "full"])]

# %% tags=["hide-input"]
from prunebook.page.arms import percentile_bars

p.figure(
    "accuracy",
    lambda style: percentile_bars(
        style, scored, y="accuracy", hue="method", across=table[table.method.isin(["random", "full"])],
        label="test accuracy (%)",
    ),
    caption=f"Test accuracy after training on the {100 * keep:g} % with the highest scores: means, 16th to 84th "
            "percentile of the runs, and the runs. Dashed: training on a random share of that size, and on all of the "
            "data. The axis does not begin at zero. At *smoke* the scores after 20 epochs are left out.",
    alt=f"Bars of mean test accuracy: {p.describe(table, 'accuracy', by='method')}",
)

# %% tags=["hide-input"]
p.ranked(table, "accuracy", by="method")

# %% tags=["hide-input"]
both = p.measured(table, test="accuracy", training="train_accuracy")
p.table("accuracy", p.means(both, "value", rows=["method"], columns="measured"),
        caption="Accuracy in percent on the test set, and in the last pass over the kept data, mean ± 95 % interval "
                "(n).")

# %% [markdown]
# n counts trainings with weights of their own; the ranking of an arm is the same in all of them, and a random share is
# drawn anew. At `small` the label-free scores are means over two networks, GraNd and EL2N over ten and five, because
# Score 3 costs a backward pass for each class.

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# *Only label-dependent scores are above random* says two things, and needs both: EL2N and GraNd are above a random
# share, and none of the six label-free arms is. That an arm is *not* above random is shown if it lies above it by less
# than one point, a margin fixed beforehand; the claim holds if all eight comparisons hold, so the weakest decides.
# At `small` short training excuses a score only if the networks learned what it keeps less well than a random share.

# %% tags=["hide-input"]
from prunebook.page.comparisons import judged, rows, shortfall
from prunebook.page.evidence import greater
from prunebook.page.style import words


def arm(method):
    """Test accuracies of the runs of an arm."""
    return p.per_seed(table, "accuracy", method=method)


LABELLED = ["grand_initial", "el2n"]
FREE = [name for name in SCORES if name.startswith("label_free")]
p.table("comparisons",
        rows({f"{words(name)} − {words('random')}": greater(arm(name), arm("random")) for name in LABELLED + FREE}),
        caption="Differences of test accuracy with 95 % intervals (Welch); p-values not adjusted.")
parts = {f"{words(name)} above random": greater(arm(name), arm("random")) for name in LABELLED}
parts |= {f"{words(name)} not above random": greater(arm("random"), arm(name), margin=1.0) for name in FREE}
share = table[table.method == "random"]
reasons = {f"{words(name)} above random": shortfall(table, random=share, method=[name]) for name in LABELLED}
evidence, regime = judged(parts, reasons)
p.claim("only-label-dependent", evidence, regime=regime)
p.claim("grand-above-label-free", greater(arm("grand_initial"), arm("label_free_1_initial")),
        regime=shortfall(table, random=share, method=["grand_initial", "label_free_1_initial"]))
p.verdicts("n counts trainings; the ranking of an arm is the same in all of them.")

# %% tags=["hide-input"]
p.close()
