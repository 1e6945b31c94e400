"""The scan of the built book finds what a reader would stumble over, and nothing else."""

import json

import pytest

from prunebook.page import scan

PAGE = '<html><body><h1 id="here">A</h1><a href="#here">x</a><a href="https://example.org">y</a>{}</body></html>'


def site(tmp_path, extra="", sheet="", cell=None):
    """A book of one page, with something added to it."""
    html = tmp_path / "_build" / "html" / "book"
    html.mkdir(parents=True)
    (html / "a.html").write_text(PAGE.format(extra), "utf-8")
    (html / "there.png").write_bytes(b"")
    (html / "style.css").write_text(sheet, "utf-8")
    if cell:
        (tmp_path / "book").mkdir()
        (tmp_path / "book" / "a.ipynb").write_text(json.dumps({"cells": [{"outputs": [cell]}]}), "utf-8")
    return scan.book(tmp_path, ["book/a"])


def test_a_sound_book_has_no_findings(tmp_path):
    sheet = '/* https://example.org */ a { background: url("there.png") }'
    stdout = {"output_type": "stream", "name": "stdout", "text": ["fine"]}
    assert site(tmp_path, '<img src="there.png"><img src="data:image/png;base64,">', sheet, stdout) == []


def test_a_missing_page_is_found(tmp_path):
    site(tmp_path)
    assert "book/b: the page is in _toc.yml" in scan.book(tmp_path, ["book/a", "book/b"])[0]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ('<script src="https://cdn.example.org/x.js"></script>', "asks another host"),
        ('<link rel="stylesheet" href="//fonts.example.org/f.css">', "asks another host"),
        ('<img src="https://example.org/x.png">', "asks another host"),
        ('<img src="gone.png">', "leads to gone.png"),
        ('<a href="gone.csv" download>data</a>', "leads to gone.csv"),
        ('<a href="#nowhere">x</a>', "a place that is not on that page"),
        ("<pre>Traceback (most recent call last)</pre>", "shows a traceback"),
    ],
)
def test_what_a_page_must_not_hold(tmp_path, extra, said):
    findings = site(tmp_path, extra)
    assert findings
    assert all(said in finding or "leads to" in finding for finding in findings)
    assert any(said in finding for finding in findings)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"output_type": "error", "ename": "KeyError", "evalue": "'x'"}, "a cell ended with KeyError"),
        ({"output_type": "stream", "name": "stderr", "text": ["Warning: odd\n"]}, "standard error: Warning: odd"),
    ],
)
def test_what_a_cell_must_not_print(tmp_path, cell, said):
    assert said in site(tmp_path, cell=cell)[0]


@pytest.mark.parametrize("sheet", ["@import url(https://example.org/a.css);", "a{src:url('//example.org/f.woff')}"])
def test_what_a_style_must_not_fetch(tmp_path, sheet):
    assert "font or a style" in site(tmp_path, sheet=sheet)[0]
