"""`prunebook list`"""

from prunebook.page import manifest, matrix


def command(_options):
    """Print every item with its title; those that have a page are marked."""
    for paper in manifest.papers().values():
        print(f"{paper.title}")
        for item in paper.items:
            mark = "page" if matrix.source(item) else "-"
            print(f"  {item.name:<32} {mark:<5} {item.title}")
