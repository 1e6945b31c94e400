"""What is typed on the command line becomes the right values, or one clear sentence."""

import argparse
import os

import pytest

from prunebook.cli import values
from prunebook.cli.parser import parser


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("9m", 540), ("1.5h", 5400), ("1h30m", 5400), ("2d", 172800)]
)
def test_durations(text, seconds):
    assert values.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "9x", "-9m", "9 m", "0", "nine"])
def test_what_is_no_duration(text):
    with pytest.raises(argparse.ArgumentTypeError, match="duration"):
        values.duration(text)


def test_parameters_of_a_page():
    typed = ["run", "norms/fig2", "-p", "budgets", "[10, 20]", "-p", "seeds", "2", "--scale", "smoke"]
    options = parser().parse_args(typed)
    assert values.parameters(options) == {"budgets": "[10, 20]", "seeds": "2", "scale": "smoke"}


def test_a_parameter_given_twice():
    options = parser().parse_args(["run", "norms/fig2", "-p", "scale", "small", "--scale", "smoke"])
    with pytest.raises(ValueError, match="scale: given twice"):
        values.parameters(options)


def test_places_reach_the_kernel(tmp_path, monkeypatch):
    for name in ("PRUNEBOOK_STORE", "PRUNEBOOK_DATA", "PRUNEBOOK_DOWNLOAD"):
        monkeypatch.setenv(name, "before")
    options = parser().parse_args(["run", "x", "--store", str(tmp_path / "s"), "--data", str(tmp_path), "--download"])
    values.environment(options)
    assert os.environ["PRUNEBOOK_STORE"] == str(tmp_path / "s")
    assert os.environ["PRUNEBOOK_DATA"] == str(tmp_path)
    assert os.environ["PRUNEBOOK_DOWNLOAD"] == "1"


def test_a_data_folder_that_is_not_there(tmp_path):
    options = parser().parse_args(["run", "x", "--data", str(tmp_path / "none")])
    with pytest.raises(ValueError, match="--data: there is no folder"):
        values.environment(options)
