import math
import subprocess
import sys

import pytest

from prunebook.training.settings import Training


def test_cosine_by_epoch_and_by_step_falls_from_lr_towards_0():
    by_epoch = Training(epochs=4, lr=0.2)
    assert [by_epoch.rate(e, 0, 4, 40) for e in range(4)] == pytest.approx(
        [0.1 * (1 + math.cos(math.pi * e / 4)) for e in range(4)]
    )
    by_step = Training(steps=10, lr=0.2, schedule_by="step")
    assert by_step.rate(0, 0, 1, 10) == 0.2 and by_step.rate(0, 5, 1, 10) == pytest.approx(0.1)


def test_milestones_and_constant():
    steps = Training(epochs=9, lr=1.0, schedule="steps", milestones=[3, 6], decay=0.1)
    assert [steps.rate(e, 0, 9, 9) for e in (0, 2, 3, 5, 6)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])
    assert steps.milestones == (3, 6)
    assert Training(epochs=2, schedule="constant", lr=0.3).rate(1, 1, 2, 2) == 0.3


@pytest.mark.parametrize("settings, examples, plan", [
    (Training(epochs=3, batch_size=4), 10, (3, 9, 3)),
    (Training(epochs=3, batch_size=4, drop_last=True), 10, (2, 6, 3)),
    (Training(epochs=3, batch_size=400, drop_last=True), 10, (1, 3, 3)),
    (Training(steps=7, batch_size=4), 10, (3, 7, 3)),
])
def test_plan_counts_steps(settings, examples, plan):
    assert settings.plan(examples) == plan


@pytest.mark.parametrize("values, message", [
    ({}, "epochs, steps: neither"),
    ({"epochs": 1, "steps": 1}, "epochs, steps: both"),
    ({"epochs": 1, "optimizer": "sdg"}, "optimizer: 'sdg' is unknown; valid are 'sgd', 'adam'; did you mean 'sgd'"),
    ({"epochs": 1, "schedule": "cosin"}, "schedule: .*did you mean 'cosine'"),
    ({"epochs": 1, "precision": "fp16"}, "precision: "),
    ({"epochs": 1, "lr": -1}, "lr: "),
    ({"epochs": 1, "momentum": 1.0}, "momentum: "),
    ({"epochs": 1, "momentum": 0.0, "nesterov": True}, "nesterov: "),
    ({"epochs": 1, "weight_decay": -1.0}, "weight_decay: "),
    ({"epochs": 1, "schedule": "steps"}, "milestones: "),
    ({"epochs": 1, "batch_size": 0}, "batch_size: "),
    ({"epochs": -1}, "epochs: "),
])
def test_bad_values_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        Training(**values)


def test_importing_settings_imports_no_torch():
    code = "import sys, prunebook.training.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
