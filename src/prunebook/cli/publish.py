"""`prunebook publish`"""

from prunebook.cli import values
from prunebook.page import notebook, parameters
from prunebook.runs import Store


def command(options):
    """Copy the stored runs of a page, at one scale, to data/published."""
    values.environment(options)
    given = values.parameters(options)
    checked = parameters.check(options.item, given)
    scales = ("small", "paper") if checked["scale"] == "auto" else (checked["scale"],)
    experiment = notebook.experiment_of(options.item, given)
    runs = [run for scale in scales for run in experiment(scale)]
    written = Store().publish(runs)
    if not written:
        raise ValueError(f"{options.item}: no run of it is stored at {' or '.join(scales)}, so there is nothing to "
                         "publish; `prunebook run` makes them")
    size = sum(path.stat().st_size for path in written)
    print(f"published {len(written)} files, {size / 2**20:.2f} MiB")
