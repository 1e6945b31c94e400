"""The command as a user meets it: answers, exit codes, one sentence where something is wrong."""

import hashlib
import json
import subprocess
import sys

import pytest

from prunebook.page import manifest


def test_list_names_every_item(project):
    done = project.run("list")
    assert (done.returncode, done.stderr) == (0, "")
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert listed == [item.name for item in manifest.items()]


def test_status_is_complete_and_machine_readable(project):
    done = project.run("status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert [row["item"] for row in rows] == [item.name for item in manifest.items()]
    keys = {"item", "page", "scale", "level", "runs_stored", "runs_needed", "verdicts"}
    assert all(set(row) == keys for row in rows)
    assert all((row["page"] is None) == (row["level"] == "no page") for row in rows)
    assert all(0 <= row["runs_stored"] <= row["runs_needed"] for row in rows)
    assert project.run("status").returncode == 0


def test_plan_counts_what_is_missing(project):
    done = project.run("plan", "norms/fig2", "--scale", "smoke", "-p", "seeds", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert "norms/fig2 at smoke" in done.stdout
    assert "missing" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "norms/fig22"], "did you mean 'norms/fig2'"),
        (["run", "norms/table1"], "no page"),
        (["plan", "norm/fig2"], "did you mean 'norms/fig2'"),
        (["run", "norms/fig2", "-p", "sedes", "2"], "did you mean 'seeds'"),
        (["run", "norms/fig2", "-p", "seeds", "two"], "seeds: "),
        (["run", "norms/fig2", "-p", "seeds", "-1"], "seeds: -1 is not valid"),
        (["run", "norms/fig2", "--scale", "smal"], "did you mean 'small'"),
        (["run", "norms/fig2", "-p", "dataset", "cifar"], "did you mean 'cifar10'"),
        (["run", "norms/fig2", "-p", "methods", "['norn']"], "did you mean 'norm'"),
        (["run", "norms/fig2", "--data", "/nowhere/at/all"], "there is no folder"),
        (["publish", "norms/fig22"], "did you mean 'norms/fig2'"),
        (["scores", "el2m", "--dataset", "digits"], "did you mean 'el2n'"),
        (["scores", "el2n", "--dataset", "digit", "--scale", "smoke"], "did you mean 'digits'"),
        (["scores", "label_free_3", "--dataset", "digits"], "name one with --scale"),
        (["scores", "el2n", "--dataset", "digits", "--scale", "smoke", "--epoch", "5"], "epoch: 5 is unknown"),
        (["scores", "el2n", "--dataset", "digits", "--model", "resnet19"], "model: 'resnet19' is unknown"),
        (["scores", "el2n", "--dataset", "tiny_imagenet", "--scale", "small"], "name: 'tiny_imagenet' is unknown"),
        (["scores", "el2n", "--dataset", "digits", "--out", "scores.csv"], "it must be a file that ends in .npy"),
        (["publish", "datadiet/fig12", "--scale", "paper"], "nothing to publish"),
        (["verify", "SubsetAcuracy"], "did you mean 'SubsetAccuracy'"),
        (["verify", "Flow", "--runs", "0"], "runs: 0 is not valid"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(project, arguments, said):
    done = project.run(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (project.root / "book" / "executed").joinpath("norms", "table1.ipynb").exists()


@pytest.mark.parametrize("arguments", [["rum", "norms/fig2"], ["run"], ["run", "norms/fig2", "--deadline", "soon"]])
def test_what_the_parser_refuses(project, arguments):
    done = project.run(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_list_and_help_import_nothing_heavy(project):
    source = "import sys; from prunebook.cli import main\n"
    source += "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
    source += "heavy = {'torch', 'torchvision', 'sklearn', 'pandas', 'matplotlib', 'papermill'} & set(sys.modules)\n"
    source += "raise SystemExit(' '.join(heavy) or 0)"
    for arguments in (["list"], ["run", "--help"], ["plan", "--help"], ["verify", "--help"]):
        done = subprocess.run([sys.executable, "-c", source, *arguments], capture_output=True, text=True,
                              cwd=project.root, env={"PYTHONPATH": str(project.root / "src")})
        assert (done.returncode, done.stderr) == (0, "")


def test_scores_writes_a_file_with_checksum_and_provenance(project):
    path = project.root / "el2n.npy"
    first = project.run("scores", "el2n", "--dataset", "digits", "--scale", "smoke", "--out", path)
    assert first.returncode == 0, first.stderr
    assert "1,297 training examples of digits, smoke scale" in first.stdout
    about = json.loads((project.root / "el2n.npy.json").read_text())
    assert about["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    again = project.run("scores", "el2n", "--dataset", "digits", "--out", path)
    assert (again.returncode, again.stderr) == (0, "")
    assert json.loads((project.root / "el2n.npy.json").read_text()) == about
