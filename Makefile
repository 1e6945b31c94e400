# make book   set up .venv, run every page there is, build the HTML into _build/html
# make test   set up .venv, check the style, test everything (runs the pages at smoke scale and builds the book)
# make bench  measure the hot paths; prints ratios within one run
# Needs Python 3.11 or later and make; nothing else, and no network besides the package index.

PYTHON ?= $(or $(shell command -v python3.11 2>/dev/null),python3)
VENV := .venv
STAMP := $(VENV)/.installed
BIN := $(VENV)/bin

.PHONY: book test bench setup clean
.DEFAULT_GOAL := book

book: setup
	$(BIN)/prunebook build

test: setup
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

bench: setup
	$(BIN)/python -m tests.benchmarks

setup: $(STAMP)

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name one with make PYTHON=..." >&2; exit 1; }
	@echo "Installing into $(VENV), once; this downloads PyTorch and takes a few minutes."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[test]'
	@touch $@

clean:
	rm -rf _build book/executed
