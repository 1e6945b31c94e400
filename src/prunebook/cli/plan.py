"""`prunebook plan`"""

from prunebook.cli import values
from prunebook.page import manifest, matrix, notebook


def command(options):
    """Print what is stored, what is missing and how long that would take, for one item or for all with a page."""
    values.environment(options)
    given = values.parameters(options)
    if options.item != "all":
        _print(manifest.item(options.item), given)
        return
    for item in manifest.items():
        if matrix.source(item) and notebook.tagged(item.name, "experiment"):
            _print(item, given)
            print()


def _print(item, given):
    from prunebook.page import parameters
    from prunebook.runs import plan

    checked = parameters.check(item.name, given)
    experiment = notebook.experiment_of(item.name, given)
    scales = ("smoke", "small", "paper") if checked["scale"] == "auto" else (checked["scale"],)
    for scale in scales:
        print(f"{item.name} at {scale}")
        print(plan(experiment(scale), device=checked["device"]).text())
