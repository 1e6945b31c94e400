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
# # Figure 1, right: do sets of larger norm give better networks?

# %% tags=["parameters"]
scale = "auto"  # auto, smoke, small or paper
dataset = ""  # one data set; "" for those of the scale
model = ""  # network trained on the subset; "" for that of the scale
seeds = 0  # replicates an arm; 0 for those of the scale
device = "auto"  # auto, cpu or cuda
budgets = []  # sizes of the uniform sets; [] for those of the scale

# %% tags=["hide-input"]
from prunebook import page
from prunebook.recipes.presets import CLASSES, NETWORKS

p = page.begin("norms/fig1-right", globals(), choices={"dataset": ["", *CLASSES], "model": ["", *NETWORKS]})

# %% [markdown]
# Sets are drawn **uniformly**; for each, the accuracy of what was trained on it is held against the mean norm of
# its SimCLR features. A slope could have another cause: norms differ between classes, so a set of larger norm also has
# other class counts. The page therefore regresses accuracy on the mean norm *beside the whole vector of class counts*,
# and, where class counts are equal by design, compares sets from the upper with sets from the lower half of the norms
# within each class.

# %% tags=["experiment"]
from prunebook.recipes.accuracy import ProbeAccuracy
from prunebook.recipes.grid import grid
from prunebook.recipes.presets import from_scratch, simclr_features
from prunebook.recipes.selection import Selection

BUDGETS = {"smoke": [20, 30], "small": [200], "paper": [200, 300]}
SEEDS = {"smoke": 12, "small": 28, "paper": 100}  # 100 are wanted at small too
PROBES = {"smoke": 50, "small": 200, "paper": 1000}  # 1,000 at small too
SETS = ["uniform", "balanced_low", "balanced_high"]


def experiment(scale):
    """Networks on uniform and class-balanced sets, and linear probes on many more uniform sets."""
    name = dataset or ("digits" if scale == "smoke" else "cifar10")
    features = simclr_features(scale, name)
    sizes = budgets or BUDGETS[scale]
    networks = grid(
        lambda trained, method, budget: from_scratch(
            scale, Selection(features, method, budget), model=model
        ),
        trained=["network"],
        method=SETS,
        budget=sizes,
        seed=range(seeds or SEEDS[scale]),
    )
    return networks + grid(
        lambda trained, method, budget: ProbeAccuracy(
            Selection(features, method, budget)
        ),
        trained=["linear probe"],
        method=["uniform"],
        budget=sizes,
        seed=range(seeds or PROBES[scale]),
    )


# %% tags=["hide-input"]
table = p.results(experiment, enough={"small": 100, "paper": 100})
uniform = table[table.method == "uniform"]

# %% tags=["hide-input"]
p.figure(
    "correlation",
    lambda style: style.scatter_with_regression(
        uniform, x="mean_norm", y="accuracy", hue="budget", column="trained",
        labels={"mean_norm": "mean feature norm of the set", "accuracy": "test accuracy (%)"},
    ),
    caption="Test accuracy against the mean SimCLR norm of uniformly drawn sets, with least-squares lines and their "
            "95 % bands: networks trained from scratch, and linear probes on many more sets.",
    alt="Scatter of accuracy against mean norm. " + p.describe(uniform, "accuracy", by="trained", over="budget"),
)

# %% tags=["hide-input"]
p.figure(
    "balanced",
    lambda style: style.lines(table[table.trained == "network"], x="budget", y="accuracy", hue="method",
                              labels={"budget": "labelled examples", "accuracy": "test accuracy (%)"}),
    caption="Networks trained on uniform sets and on sets with equal class counts, drawn from the lower and from the "
            "upper half of the norms within each class; mean and 95 % interval.",
    alt=p.describe(table[table.trained == "network"], "accuracy", by="method", over="budget"),
)

# %% tags=["hide-input"]
p.table("accuracy", p.means(table, "accuracy", rows=["trained", "method"], columns="budget"),
        caption="Test accuracy in percent, mean ± 95 % interval (n).")

# %% tags=["hide-input"]
regime = p.encoders()

# %% tags=["hide-input"]
p.reported(table)

# %% tags=["hide-input"]
import numpy as np

from prunebook.page.evidence import beyond, correlation, greater


def sets(trained):
    """Accuracy, mean norm and class counts of the uniform sets; sizes are set apart by their own mean."""
    part = uniform[uniform.trained == trained]
    counts = np.array(part.class_counts.tolist(), dtype=float).reshape(len(part), -1)
    sizes = (part.budget.to_numpy()[:, None] == part.budget.unique()[1:]).astype(float)
    centre = lambda column: (part[column] - part.groupby("budget")[column].transform("mean")).to_numpy()
    return centre("accuracy"), centre("mean_norm"), np.hstack([counts, sizes])


weak = regime.get("cifar10")
for trained, word in (("network", "network"), ("linear probe", "probe")):
    accuracy, norm, counts = sets(trained)
    p.claim(f"positive-correlation-{word}", correlation(norm, accuracy), regime=weak)
    p.claim(f"norm-beyond-class-counts-{word}", beyond(accuracy, norm, counts), regime=weak)
p.claim("high-norm-within-class", greater(
    p.per_seed(table, "accuracy", trained="network", method="balanced_high"),
    p.per_seed(table, "accuracy", trained="network", method="balanced_low"),
), regime=weak)
p.verdicts()

# %% tags=["hide-input"]
p.close()
