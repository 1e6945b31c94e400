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
# # Figure 6c: is randomisation needed?

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for those of the scale
model = ""  # network trained on the subset; "" for that of the scale
seeds = 0  # replicates an arm; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
budgets = []  # numbers of labels; [] for those of the scale

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

p = page.begin("norms/fig6c", globals(), choices={"dataset": ["", *CLASSES], "model": ["", *NETWORKS]})

# %% [markdown]
# Norm sampling and Gram-Schmidt draw an example with a probability that grows with its norm. The alternative is to
# take the largest norm every time. Then nothing is random but the network: the subset is the same in every replicate,
# so an interval speaks of that one subset only.

# %% tags=["experiment"]
from prunebook.recipes.grid import grid
from prunebook.recipes.presets import CLASSES, from_scratch, simclr_features
from prunebook.recipes.selection import Selection

ARMS = {  # method, randomised?
    "uniform": ("uniform", True),
    "norm": ("norm", True),
    "norm_largest": ("norm", False),
    "gram_schmidt": ("gram_schmidt", True),
    "gram_schmidt_largest": ("gram_schmidt", False),
}
BUDGETS = {"smoke": [10, 20], "small": [20, 60]}
SEEDS = {"smoke": 3, "small": 10, "paper": 3}


def experiment(scale):
    """One training for each arm, budget and seed; the random arms are Figure 2's."""
    name = dataset or ("digits" if scale == "smoke" else "cifar10")
    features = simclr_features(scale, name)
    multiples = [CLASSES[name] * times for times in (1, 2, 3, 4, 5, 6)]
    return grid(
        lambda dataset, method, budget: from_scratch(
            scale,
            Selection(features, ARMS[method][0], budget, randomize=ARMS[method][1]),
            model=model,
        ),
        dataset=[name],
        method=ARMS,
        budget=budgets or BUDGETS.get(scale, multiples),
        seed=range(seeds or SEEDS[scale]),
    )


# %% tags=["hide-input"]
table = p.results(experiment, enough={"small": 10, "paper": 3})

# %% tags=["hide-input"]
p.figure(
    "accuracy",
    lambda style: style.lines(table, x="budget", y="accuracy", hue="method",
                              labels={"budget": "labelled examples", "accuracy": "test accuracy (%)"}),
    caption="Test accuracy after training from scratch on examples drawn by norm or by Gram-Schmidt, and on the "
            "largest instead; mean and 95 % interval. A classifier that guesses is right in 10 % of cases.",
    alt=p.describe(table, "accuracy", by="method", over="budget"),
)

# %% tags=["hide-input"]
p.table("accuracy", p.means(table, "accuracy", rows=["method"], columns="budget"),
        caption="Test accuracy in percent, mean ± 95 % interval (n).")

# %% [markdown]
# Whether the largest norms repeat themselves shows in the number of classes they cover.

# %% tags=["hide-input"]
p.table("classes", p.means(table, "classes_covered", rows=["method"], columns="budget"),
        caption="Number of classes with at least one labelled example, mean ± 95 % interval (n).")

# %% tags=["hide-input"]
regime = p.encoders()

# %% tags=["hide-input"]
p.reported(table)

# %% [markdown]
# The two arms that take the largest are **one** subset a budget. Their n counts networks, so their intervals and
# verdicts hold for that subset of this one encoder, not for other features.

# %% tags=["hide-input"]
from prunebook.page.evidence import equivalent, greater

CHANCE = 10.0  # percent, ten classes


def arm(method):
    """One number a seed: accuracy averaged over the budgets."""
    return p.per_seed(table, "accuracy", method=method)


above_chance = arm("norm_largest") - CHANCE
p.claim("largest-norms-near-chance", equivalent(above_chance, 0 * above_chance, margin=1.0, paired=True))
weak = regime.get("cifar10")
p.claim("norm-better-randomised", greater(arm("norm"), arm("norm_largest")), regime=weak)
p.claim("gs-better-randomised", greater(arm("gram_schmidt"), arm("gram_schmidt_largest")), regime=weak)
p.verdicts()

# %% tags=["hide-input"]
p.close()
