# graphssl: `make help` lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One thread each: pytest workers share the cores, and small graphs gain nothing from a second thread
# but lose much to it where other work runs beside.
TEST_ENV := OMP_NUM_THREADS=1
WORKERS ?= 2
# Of the figures of collapse; make figure-rank DATASET=cora STEPS=500
DATASET ?= digits
STEPS ?= 300
DATASETS ?= cora citeseer amazon_photo amazon_computers coauthor_cs coauthor_physics

.PHONY: help demo test test-all figure-toy figure-rank figure-spectrum collapse-runs bench scatter data lint format clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "graphssl needs Python 3.11 or newer; say which: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,sweeps,tensorboard]"
	@touch $@

demo: $(VENV)/.installed ## the main job on an embedded real graph: a table, a picture, two minutes
	$(TEST_ENV) $(BIN)/python -m graphssl.demo

test: $(VENV)/.installed ## the test suite, under five minutes
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-all: $(VENV)/.installed ## the test suite with the tests that take minutes
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS)

figure-toy: $(VENV)/.installed ## the toy experiment: rank against depth and width, a minute
	$(BIN)/python -m graphssl.toy --out docs/figures

# A folder of runs of their own: finished ones are skipped, and no other length mixes with them.
COLLAPSE_RUNS := runs/collapse-$(DATASET)-$(STEPS)
COLLAPSE_REPORT = $(BIN)/graphssl-report $(COLLAPSE_RUNS) --format png --out docs/figures/$(DATASET)

collapse-runs: $(VENV)/.installed
	$(BIN)/graphssl -m dataset=$(DATASET) regularizer=none,werank seed=0,1,2 trainer.steps=$(STEPS) \
		diagnostics.every=25 paths.runs=$(COLLAPSE_RUNS)
	$(BIN)/graphssl -m dataset=$(DATASET) objective=untrained seed=0,1,2 paths.runs=$(COLLAPSE_RUNS)

figure-rank: collapse-runs ## rank of every layer over training, without and with WERank
	$(COLLAPSE_REPORT) --figures layers

figure-spectrum: collapse-runs ## spectra of every layer and weight, without and with WERank
	$(COLLAPSE_REPORT) --figures spectra,weights

bench: $(VENV)/.installed ## every benchmark in one table, ten minutes; ONLY=step,memory for some
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

scatter: $(VENV)/.installed ## compile the optional torch-scatter (minutes)
	$(BIN)/python -m pip install -c constraints.txt --no-build-isolation torch-scatter

data: $(VENV)/.installed ## fetch and prepare the graphs of the paper tables into data/
	$(BIN)/python -m graphssl.fetch $(DATASETS)

lint: $(VENV)/.installed ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the environment and caches; runs/ and data/ stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
