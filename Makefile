# graphssl: `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One thread each: pytest workers share the cores, and small graphs gain nothing from a second thread
# but lose much to it if other work runs at the same time.
TEST_ENV := OMP_NUM_THREADS=1
WORKERS ?= 2
PROFILE ?= smoke
ARGS ?=
DATASETS ?= cora citeseer pubmed wikics amazon_photo amazon_computers coauthor_cs coauthor_physics

.PHONY: help demo test test-all test-ray figure-toy paper bench scatter data docs lint format clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "graphssl needs Python 3.11 or newer; say which: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,sweeps,tensorboard,wandb]"
	@touch $@

demo: $(VENV)/.installed ## the main job on an embedded real graph: a table, a picture, two minutes
	$(TEST_ENV) $(BIN)/python -m graphssl.demo

test: $(VENV)/.installed ## the test suite, under five minutes
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-all: $(VENV)/.installed ## the test suite with the tests that take minutes
	$(TEST_ENV) $(BIN)/python -m pytest -n $(WORKERS)

# hydra-ray-launcher holds cloudpickle below 3, which joblib needs from 1.6 on, and its botocore
# python-dateutil below 3.
test-ray: ## the tests on a local Ray cluster, in an environment of its own
	$(PYTHON) -m venv $(VENV)-ray
	sed -e 's/^joblib==.*/joblib==1.5.3/' -e 's/^cloudpickle==.*/cloudpickle==2.2.1/' \
		-e 's/^python-dateutil==.*/python-dateutil==2.9.0.post0/' constraints.txt > $(VENV)-ray/constraints.txt
	$(VENV)-ray/bin/python -m pip install --quiet --disable-pip-version-check -c $(VENV)-ray/constraints.txt -e ".[dev,ray]"
	$(TEST_ENV) $(VENV)-ray/bin/python -m pytest tests/sweeps/test_ray.py

figure-toy: $(VENV)/.installed ## the toy experiment: rank against depth and width, a minute
	$(BIN)/python -m graphssl.examples.toy

# One experiment yaml each (conf/experiment), of the size set in conf/profile/$(PROFILE).yaml. Finished
# runs are not run again; ARGS takes further overrides, e.g. ARGS='seed=0,1,2'.
TABLES := main augmentation alpha layers depth regularizers encoders probes
FIGURES := rank spectrum
PAPER := $(TABLES:%=table-%) $(FIGURES:%=figure-%)

$(TABLES:%=table-%): table-%: $(VENV)/.installed
	$(BIN)/graphssl -m experiment=table_$* profile=$(PROFILE) $(ARGS)

$(FIGURES:%=figure-%): figure-%: $(VENV)/.installed
	$(BIN)/graphssl -m experiment=figure_$* profile=$(PROFILE) $(ARGS)

table-main: ## BGRL and BGRL + WERank over the datasets; PROFILE=smoke (a minute), cpu (hours) or paper (GPU)
table-augmentation: ## strength of augmentation by regularizer
table-alpha: ## strength of the penalty
table-layers: ## WERank on all layers or on some of them
table-depth: ## depth and width of the encoder
table-regularizers: ## WERank and other regularizers
table-encoders: ## GCN, GAT, GraphSAGE, GIN
table-probes: ## every probe protocol on the same embeddings
figure-rank: ## rank of every layer over training, without and with WERank
figure-spectrum: ## spectra of every layer and weight, without and with WERank

# One after the other, even under make -j, since they share runs.
paper: $(VENV)/.installed ## all of these tables and figures
	for target in $(PAPER) figure-toy; do $(MAKE) --no-print-directory $$target || exit 1; done

bench: $(VENV)/.installed ## every benchmark in one table, ten minutes; ONLY=step,memory for some
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

scatter: $(VENV)/.installed ## compile the optional torch-scatter (minutes)
	$(BIN)/python -m pip install -c constraints.txt --no-build-isolation torch-scatter

data: $(VENV)/.installed ## fetch and prepare the graphs of the paper tables into data/
	$(BIN)/python -m graphssl.fetch $(DATASETS)

$(VENV)/.docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	@touch $@

docs: $(VENV)/.docs ## the documentation site, into site/; a warning is an error
	$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env --quiet -b html docs site
	@echo "open site/index.html"

lint: $(VENV)/.installed ## ruff, mypy, spelling and the word list
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python -m tests.wording

format: $(VENV)/.installed ## let ruff format and fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the environment and caches; runs/ and data/ stay
	rm -rf $(VENV) $(VENV)-ray .pytest_cache .mypy_cache .ruff_cache .hypothesis dist site docs/notebooks
