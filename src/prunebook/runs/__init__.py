"""Runs: identity, store, engine and cost plan. Importing this loads no torch."""

from prunebook.runs.engine import results
from prunebook.runs.errors import RunError
from prunebook.runs.files import StoreError
from prunebook.runs.identity import describe, digest, revive
from prunebook.runs.plan import Plan, plan
from prunebook.runs.store import Store

__all__ = ["Plan", "RunError", "Store", "StoreError", "describe", "digest", "plan", "results", "revive"]
