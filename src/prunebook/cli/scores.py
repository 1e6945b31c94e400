"""`prunebook scores`"""

from pathlib import Path

from prunebook import datasets
from prunebook.cli import progress, values
from prunebook.page.progress import reporter
from prunebook.runs import score_files
from prunebook.runs.engine import results
from prunebook.runs.store import Store


def command(options):
    """Write the scores of all training examples to a file; what is missing at the scale asked for is computed."""
    values.environment(options)
    if options.out:
        score_files.checked(options.out)  # before anything is computed
    asked = dict(epoch=options.epoch, networks=options.networks, model=options.model)
    store, scale = Store(), "" if options.scale in (None, "auto") else options.scale
    runs, found = score_files.stored(options.name, options.dataset, scale=scale, store=store, **asked)
    if not runs:
        if not scale:
            raise ValueError(f"scale: no scores {options.name!r} of {options.dataset!r} are stored at any scale; "
                             "name one with --scale small, and they are computed")
        runs, found = score_files.runs_of(options.name, options.dataset, scale=scale, **asked), scale
        datasets.load(options.dataset)  # one sentence if it is not there, instead of one for each network
        with progress.shown():
            results(runs, device=options.device or "auto", store=store, progress=reporter())
    path = Path(options.out or f"{options.name}-{options.dataset}-{found}.npy")
    about = score_files.write(path, score_files.average(runs, store), score_files.details(runs, found, store))
    print(f"{path}: {options.name} of {about['examples']:,} training examples of {options.dataset}, "
          f"{found} scale, epoch {about['epoch']}, mean of {len(runs)} network{'s' * (len(runs) > 1)}")
    print(f"{path}.json: what they stand on; SHA-256 {about['sha256']}")
