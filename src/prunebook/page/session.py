"""A page while it runs: `begin` checks its parameters; the Page shows results, figures, tables and verdicts."""

import functools
import os
import time
from pathlib import Path

import pandas as pd

from prunebook.arrays import checks
from prunebook.page import card, figures, manifest, notebook, parameters, provenance, show, tables
from prunebook.page import reported as printed_numbers
from prunebook.page.closing import close
from prunebook.page.progress import reporter, seconds_left
from prunebook.page.scale import judge, resolve
from prunebook.page.verdicts import Claims, plain, readable
from prunebook.runs import paths


def begin(item, space, choices=None):
    """Check the parameters in `space` (the notebook's globals()), show the header card, return the Page.

    `choices`: name -> valid values of the page's own parameters. ParameterError before anything is computed.
    """
    entry = manifest.item(item)
    values = parameters.check_globals(item, space, choices)
    page = Page(entry, values)
    show.show(*card.header(entry, values, notebook.declared(item)))
    return page


# On weaker features no selector differed from uniform sampling in trials, so a null result there says nothing.
LEAST_KNN = {"cifar10": 75.0}


def output_folder():
    """Where executed pages lie: PRUNEBOOK_EXECUTED, or book/executed of the checkout."""
    named = os.environ.get("PRUNEBOOK_EXECUTED")
    return Path(named) if named else Path(paths.root()) / "book" / "executed"


class Unfinished(RuntimeError):
    """The deadline came before there was anything to show; what was computed is stored."""


class Page:
    """One page; `scale` and `level` (smoke, partial, small, paper) are known once `results` was called.

    A page that computes nothing, such as a drawing, is at level "paper" and has no scale.
    """

    def __init__(self, item, values):
        self.item, self.values, self.began = item, values, time.perf_counter()
        self.scale, self.level, self.shown = "", "paper", None
        self.runs, self.table_of_runs, self.store = [], pd.DataFrame(), None
        self.claims = Claims(item.name, item.claims)
        self.matches, self.downloads = [], {}

    @property
    def folder(self):
        """Where the page's figures and numbers lie, beside the executed notebook."""
        return output_folder() / self.item.paper / self.item.id

    @property
    def labels(self):
        """The axes of the experiment's grid."""
        return [name for name in (self.runs[0].labels if self.runs else ()) if name != "seed"]

    def results(self, experiment, enough=None, *, whole=False, missing="run"):
        """The long-form table of experiment(scale) -> list[Run]; what is missing is computed, the scale is shown.

        `enough`: scale -> replicates a point (or {data set: replicates}); with less the level is *partial*. `whole`:
        the runs say nothing without each other. Raises Unfinished if at the deadline there is no run, or with `whole`
        not all of them.
        """
        from prunebook.runs.engine import results
        from prunebook.runs.store import Store

        self.store = Store()
        scale = resolve(self.values["scale"], experiment, self.store)
        self.runs = experiment(scale)
        table = results(self.runs, device=self.values["device"], deadline=seconds_left(), store=self.store,
                        missing=missing, progress=reporter())
        if missing == "run" and len(table) < len(self.runs) and (whole or table.empty):
            shows = "only all of them together" if whole else "nothing without one"
            raise Unfinished(
                f"{self.item.name}: {len(table)} of {len(self.runs)} runs at {scale} were there at the deadline, and "
                f"the page shows {shows}; the same call goes on from here, with a longer --deadline further"
            )
        self.shown = judge(scale, self.runs, table, enough)
        self.scale, self.level, self.table_of_runs = scale, self.shown.level, table
        kind = "warning" if self.level in ("smoke", "partial") else "note"
        show.show(*show.admonition(kind, f"{scale.capitalize()} scale", self.shown.sentence()))
        return table

    def array(self, row, name):
        """The array called `name` of the run behind one row of the table, as `itertuples` or `iloc` give it."""
        wanted = {label: getattr(row, label) for label in (*self.labels, "seed")}
        for run in self.runs:
            if all(value == wanted[label] for label, value in {**run.labels, "seed": run.seed}.items()):
                arrays = self.store.get(run.recipe, run.seed).arrays
                return arrays[checks.choice("array", name, tuple(arrays))]
        raise ValueError(f"row: no run of this page has {', '.join(f'{k} {v!r}' for k, v in wanted.items())}")

    @functools.cached_property
    def found(self):
        """(recipe, StoredRun) of the page's runs and of all they are made from; read once, after `results`."""
        return provenance.stored(self.runs, self.store) if self.runs else []

    def made_from(self, kind, *columns):
        """A frame of the stored runs of one kind that this page's runs are made from: their fields and metrics."""
        found = [pair for pair in self.found if type(pair[0]).__name__ == kind]
        rows = [[getattr(recipe, name) if hasattr(recipe, name) else run.metrics[name] for name in columns]
                for recipe, run in found]
        return pd.DataFrame(rows, columns=list(columns))

    def encoders(self):
        """Show how good the features are that selection stands on; returns {data set: why too weak, or None}."""
        frame = self.made_from("SimCLR", "dataset", "model", "width", "epochs", "knn_accuracy", "probe_accuracy")
        for name in ("knn_accuracy", "probe_accuracy"):
            frame[name] = 100 * frame[name].astype(float)
        shown = frame.rename(columns={
            "dataset": "data set", "model": "encoder", "knn_accuracy": "kNN (20) accuracy (%)",
            "probe_accuracy": "linear probe (%)",
        })
        self.table("encoders", shown, "The SimCLR encoders behind the features, judged with all training labels on the "
                                      "test set. Selection sees no label.")
        judged = zip(frame["dataset"], frame["knn_accuracy"], strict=True)
        return {name: self._too_weak(name, knn) for name, knn in judged}

    @staticmethod
    def _too_weak(dataset, knn):
        least = LEAST_KNN.get(dataset, 0.0)
        return f"kNN accuracy of the features is {knn:.1f} %, below {least:g} %" if knn < least else None

    def per_seed(self, table, value, **where):
        """One number a seed: the mean of `value` over all points that match `where`, for seeds that have them all."""
        if value not in table or table.empty:
            return pd.Series(dtype=float)
        for name, wanted in where.items():
            table = table[table[name].isin(wanted if isinstance(wanted, (list, tuple, set)) else [wanted])]
        seeds = table.groupby("seed")[value].agg(["mean", "count"])
        return seeds["mean"][seeds["count"] == seeds["count"].max()]

    def describe(self, table, value, *, by, over=None):
        """Alt text from the data: the mean of `value` for each `by`, at the ends of `over`."""
        return figures.describe(table, value, by=by, over=over, labels=self.labels)

    @staticmethod
    def measured(table, **columns):
        """The runs once for each of `columns`, {name: column of the table}: long form with `measured` and `value`."""
        parts = [table.assign(measured=name, value=table.get(column)) for name, column in columns.items()]
        return pd.concat(parts, ignore_index=True)

    def ranked(self, table, value, *, by):
        """Show a sentence that names each `by` with its mean of `value`, the highest first."""
        show.show(figures.ranked(table, value, by=by))

    def means(self, table, value, *, rows, columns=None):
        """A frame of "mean ± half of the 95 % interval (n)"."""
        return tables.means(table, value, rows=rows, columns=columns)

    def figure(self, name, draw, caption, alt, count=""):
        """Show draw(style) -> Figure, drawn for light and dark, as one numbered figure with caption and alt text.

        `count`: what n is in this figure, in words, where it is not the replicates of the page's runs.
        """
        figures.check(name, caption, alt)
        png = figures.save(draw, self.folder, name)
        caption = self._with_scale(caption, count)
        label = f"fig-{self.item.paper}-{self.item.id}-{name}"
        show.show(figures.myst(self.item.id, name, label, caption, alt), figures.fallback(png, caption, alt))
        self.downloads |= {f"figure {name}, {theme} (SVG)": f"{name}-{theme}.svg" for theme in ("light", "dark")}

    def table(self, name, frame, caption, count=""):
        """Show a frame as a numbered table with caption; its numbers, unrounded, can be downloaded as CSV.

        `count` as for `figure`.
        """
        figures.check_name("table", name)
        tables.write_csv(frame, self.folder / f"{name}.csv")
        self.downloads[f"table {name} (CSV)"] = f"{name}.csv"
        caption, label = self._with_scale(caption, count), f"tab-{self.item.paper}-{self.item.id}-{name}"
        link = f"{{download}}`numbers as CSV <{self.item.id}/{name}.csv>`"
        show.show(f"{tables.myst(frame, caption, label)}\n\n{link}\n", tables.fallback(frame, caption))

    def numbers(self, name, frame):
        """Offer the numbers behind a figure as CSV among the downloads."""
        figures.check_name("numbers", name)
        tables.write_csv(frame, self.folder / f"{name}.csv")
        self.downloads[f"numbers, {name} (CSV)"] = f"{name}.csv"

    def printed(self):
        """The paper's own numbers for this item, a frame in long form; None if it prints none."""
        path = Path(paths.root()) / "data" / "reported" / self.item.paper / f"{self.item.id}.csv"
        return printed_numbers.read(path)

    def reported(self, ours=None, value="value"):
        """Hold `ours` (a row a run, keyed as the CSV, measured in column `value`) against the paper's numbers."""
        printed = self.printed()
        if printed is None:
            show.show(printed_numbers.NONE_PRINTED)
        elif self.scale != "paper":
            show.show(printed_numbers.not_compared(len(printed), self.scale or "smoke"))
        else:
            ours = pd.DataFrame() if ours is None else ours
            self.matches = printed_numbers.compare(printed, ours, value)
            frame = printed_numbers.frame(self.matches, printed_numbers.keys(printed))
            self.table("reported", frame, "The paper's numbers and ours, with 95 % intervals.")

    def claim(self, claim, evidence, regime=None):
        """Answer one claim of the manifest; `regime`: why the *small* scale cannot reach what it speaks of."""
        self.claims.answer(claim, evidence, regime)

    def verdicts(self, counted=""):
        """Show every claim of the manifest with effect, test and verdict; p by Holm within this page.

        `counted`: a sentence for the caption, where n counts less than whole runs.
        """
        if not self.claims.claims:
            show.show("This item makes no claim that could be tested.")
            return
        rows = self.claims.rows(self.scale)
        shown = pd.DataFrame([readable(row) for row in rows])
        shown.attrs["long"] = pd.DataFrame([plain(row) for row in rows])
        caption = "Claims and verdicts; effects with 95 % intervals, p adjusted by Holm (this page)."
        self.table("claims", shown, f"{caption} {counted}".strip())

    def close(self):
        """Show deviations, provenance, staleness and downloads; write the sidecar `<item>.json`."""
        close(self)

    def _with_scale(self, caption, count):
        return f"{caption.strip()} {self.shown.suffix(count)}" if self.shown else caption.strip()
