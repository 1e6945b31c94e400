"""One list of dependencies, one lock, and every way to set up uses both."""

import re
import tomllib

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from prunebook.runs import paths


def read(name):
    return (paths.root() / name).read_text("utf-8")


def locked():
    lines = [line for line in read("requirements.lock").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[^\s;]+", line) for line in lines)
    pairs = [line.split("==") for line in lines]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_the_lock_has_one_allowed_version_of_everything():
    project, versions = tomllib.loads(read("pyproject.toml"))["project"], locked()
    for text in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        requirement = Requirement(text)
        assert versions[canonicalize_name(requirement.name)] in requirement.specifier


def test_every_way_to_set_up_uses_the_lock():
    conda = yaml.safe_load(read("environment.yml"))["dependencies"]
    assert "python=3.11" in conda
    assert conda[-1] == {"pip": ["-c requirements.lock", "-e .[test]"]}
    assert "--constraint requirements.lock --editable '.[test]'" in read("Makefile")
    assert "make test" in read(".ci/run")


def test_no_dependency_is_listed_twice():
    names = [canonicalize_name(Requirement(text).name)
             for text in tomllib.loads(read("pyproject.toml"))["project"]["dependencies"]]
    assert len(set(names)) == len(names)
    assert not (paths.root() / "requirements.txt").exists()


def test_the_citation_is_complete():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert {"cff-version", "title", "message", "authors", "license"} <= set(citation)
