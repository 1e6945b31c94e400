import pytest

from prunebook.runs import Store, paths


@pytest.fixture(autouse=True)
def forget():
    paths.root.cache_clear()
    yield
    paths.root.cache_clear()


def checkout(folder):
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "prunebook"\n')
    return folder


def test_the_root_is_found_from_the_package_wherever_one_works(tmp_path, monkeypatch):
    home = paths.root()
    paths.root.cache_clear()
    monkeypatch.chdir(checkout(tmp_path / "other"))
    assert paths.root() == home
    assert (home / "src" / "prunebook" / "runs").is_dir()


def test_a_package_outside_any_checkout_uses_the_one_worked_in(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "site" / "paths.py"))
    inside = checkout(tmp_path / "work") / "deep"
    inside.mkdir()
    monkeypatch.chdir(inside)
    assert paths.root() == tmp_path / "work"


def test_another_projects_marker_does_not_count_and_the_error_says_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "another"\n')
    monkeypatch.setattr(paths, "__file__", str(tmp_path / "paths.py"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PRUNEBOOK_STORE", raising=False)
    with pytest.raises(FileNotFoundError, match="PRUNEBOOK_STORE"):
        Store()
    monkeypatch.setenv("PRUNEBOOK_STORE", str(tmp_path / "named"))
    assert Store().root == tmp_path / "named"
    assert Store().published.folder is None


def test_the_store_is_in_the_checkout_unless_named(monkeypatch):
    monkeypatch.delenv("PRUNEBOOK_STORE", raising=False)
    assert Store().root == paths.root() / ".store"
    assert Store().published.folder == paths.root() / "data" / "published"
