"""The built book: strict, complete, self-contained."""

import re

import pytest

from prunebook.page import manifest, matrix, toc

ITEMS = [item for item in manifest.items() if matrix.source(item)]


def test_every_page_of_the_contents_is_there(book):
    assert all((book / f"{name}.html").is_file() for name in toc.files())


def test_the_landing_page_shows_every_item(book):
    text = (book / "book" / "index.html").read_text("utf-8")
    assert all(item.name in text for item in manifest.items())
    for item in ITEMS:
        assert f'href="executed/{item.paper}/{item.id}.html"' in text


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.name)
def test_figures_are_numbered_described_and_drawn_twice(book, item):
    text = (book / "book" / "executed" / item.paper / f"{item.id}.html").read_text("utf-8")
    images = re.findall(r"<img[^>]*>", text)
    drawn = [image for image in images if "only-light" in image or "only-dark" in image]
    assert drawn
    assert len([image for image in drawn if "only-light" in image]) == len(drawn) / 2
    assert all(re.search(r'alt="[^"]{20,}"', image) for image in drawn)
    assert re.search(r'class="caption-number">Book Fig\. \d+', text)


def test_formulas_need_no_network(book):
    assert list(book.rglob("tex-mml-chtml.js")) or list(book.rglob("*mathjax*/**/*.js"))
    text = (book / "book" / "norms.html").read_text("utf-8")
    assert not re.search(r'<script[^>]+src="https?:', text)


def test_downloads_are_in_the_book(book):
    for item in ITEMS:
        text = (book / "book" / "executed" / item.paper / f"{item.id}.html").read_text("utf-8")
        linked = re.findall(r'href="([^"]*_downloads/[^"]+)"', text)
        assert any(link.endswith(".ipynb") for link in linked)
        assert any(link.endswith(".csv") for link in linked)
