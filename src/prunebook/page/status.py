"""How far every item is, from what its page wrote when it last ran, or from its experiment and the store."""

from prunebook.page import manifest, matrix, notebook

SCALES = ("paper", "small", "smoke")


def every():
    """One dict for each item: item, page, scale, level, runs_stored, runs_needed, verdicts ({claim: word})."""
    return [of(item) for item in manifest.items()]


def of(item):
    """The status of one item."""
    row = {"item": item.name, "page": None, "scale": None, "level": matrix.NO_PAGE}
    row |= {"runs_stored": 0, "runs_needed": 0, "verdicts": {}}
    if matrix.source(item) is None:
        return row
    row |= {"page": item.notebook, "level": "not run"}
    written = matrix.sidecar(item)
    if written and written["parameters"] == _defaults(item):
        return row | {key: written[key] for key in row if key in written} | {"item": item.name}
    return row | _counted(item)


def _defaults(item):
    return {name: parameter.default for name, parameter in notebook.declared(item.name).items()}


def _counted(item):
    """Scale and runs of an item whose page has not run as it is: the largest scale of which anything is stored."""
    if not notebook.tagged(item.name, "experiment"):
        return {}
    from prunebook.runs import Store

    experiment, store = notebook.experiment_of(item.name), Store()
    found = {}
    for scale in SCALES:
        runs = {(run.recipe, run.seed) for run in experiment(scale)}
        stored = sum(store.has(*run) for run in runs)
        found = {"scale": scale, "runs_stored": stored, "runs_needed": len(runs)}
        if stored:
            complete = scale == "smoke" or stored == len(runs)
            return found | {"level": scale if complete else "partial"}
    return found
