"""Stored runs as one long-form table."""


from prunebook.runs.schedule import key


def table(runs, store, found):
    """DataFrame with a row for every stored run: labels, `seed`, metrics; `attrs["missing"]` counts the others.

    `found`: runs read from the store already, by key.
    """
    import pandas as pd

    rows, columns, metrics = [], {}, {}
    for run in runs:
        columns.update(dict.fromkeys(name for name in run.labels if name != "seed"))
        place = key(run.recipe, run.seed)
        stored = found.get(place) or store.get(run.recipe, run.seed)
        if stored is None:
            continue
        metrics.update(dict.fromkeys(stored.metrics))
        rows.append({**run.labels, "seed": run.seed, **stored.metrics})
    for name in (*columns, "seed"):
        if name in metrics:
            raise ValueError(f"labels: {name!r} is also the name of a metric; call the axis something else")
    frame = pd.DataFrame(rows, columns=[*columns, "seed", *metrics])
    frame.attrs["missing"] = len(runs) - len(rows)
    return frame
