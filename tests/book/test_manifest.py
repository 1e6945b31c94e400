"""The manifest holds every item that the project set out to regenerate, with its claims."""

import pytest

from prunebook.page import manifest

# Every item, in order, with the number of claims that its row names; none may ever be left out.
WANTED = {
    "norms": {
        "fig1-left": 0, "fig1-right": 2, "table1": 4, "table2": 2, "fig2": 6, "fig3": 5, "fig4a": 3, "fig4b": 3,
        "fig4cd": 2, "fig5ab": 4, "fig5cd": 1, "fig6ab": 2, "fig6c": 3, "fig7": 2, "fig8": 5, "fig9": 4, "fig10": 1,
        "fig11": 3, "fig12": 4, "fig13": 1, "fig14-15": 1, "fig16-18": 1, "cost": 2,
    },
    "prunefuse": {
        "fig1": 0, "fig2": 1, "table1": 2, "fig3": 1, "table2": 3, "table6": 3, "fig5": 3, "table3": 4, "table7": 4,
        "table4": 1, "table5": 2, "table8": 2, "fig4": 3, "fig6": 3, "selection-agreement": 2, "ablations": 2,
    },
    "drophot": {"fig1": 1, "fig2": 1, "table1": 3, "full-grid": 5, "alone": 2},
    "datadiet": {
        "fig5-6": 1, "fig7-8": 1, "fig9": 2, "fig10": 2, "fig11": 1, "fig12": 4, "fig13": 1, "fig14": 1, "fig15": 2,
        "fig16": 2, "fig18": 2, "fig17": 1, "fig19": 1, "kernel-velocity": 1, "error-barrier": 1,
        "label-dependence": 1,
    },
    "hypersparse": {
        "gradient": 2, "table1": 3, "fig1": 3, "fig2": 3, "accuracy": 2, "table2": 3, "fig3": 1, "fig4-5": 3,
    },
    "beyond": {"one-table": 0, "pareto": 0, "agreement": 0, "your-data": 0, "what-we-found": 0},
}


def test_every_item_is_there_in_order():
    found = {paper.id: [item.id for item in paper.items] for paper in manifest.papers().values()}
    assert found == {paper: list(items) for paper, items in WANTED.items()}
    assert [len(items) for items in found.values()] == [23, 16, 5, 16, 8, 5]


@pytest.mark.parametrize("item", manifest.items(), ids=lambda item: item.name)
def test_an_item_says_what_a_page_needs(item):
    assert len(item.claims) >= WANTED[item.paper][item.id]
    assert len({claim.id for claim in item.claims}) == len(item.claims)
    assert all(claim.source in ("paper", "ours") and claim.text.endswith(".") for claim in item.claims)
    assert item.title
    assert item.shows
    if item.paper != "beyond":
        assert item.reports
        assert item.section
    if item.notebook:
        assert set(item.cost) == {"smoke", "small", "paper"}


def test_papers_are_cited():
    for paper in list(manifest.papers().values())[:-1]:
        assert paper.authors
        assert paper.year
        assert paper.venue
    assert "appendix" in manifest.papers()["datadiet"].document
    assert "supplement" in manifest.papers()["hypersparse"].document


def test_an_unknown_item_names_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'norms/fig2'"):
        manifest.item("norm/fig2")
