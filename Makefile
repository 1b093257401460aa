# The whole project from the command line; `make help` lists the targets.
# Every target first sets up the environment .venv if requirements.txt has changed.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# uv installs three times as fast as pip, which fetches it if it is not there; `make setup UV=` takes pip all the same.
# Bytecode is compiled now, as by pip, for where submissions run nothing can be written.
UV ?= $(or $(shell command -v uv),$(BIN)/uv)
PIP := $(BIN)/python -m pip install -qq
# $(call install,WHAT): uv does not read pip's settings, so what it cannot find, pip may.
install = $(if $(UV),"$(UV)" pip install --quiet --compile-bytecode --python $(BIN)/python $(1) || \
	{ echo "uv could not install this (see above). pip tries it now and takes longer."; $(PIP) $(1); },$(PIP) $(1))

# The digits that everybody has: no test depends on a network or on what a machine has cached.
test quick coverage corpus nbval demo build bench variants hub test-browser test-platforms: export MNIST_SOURCE = bundled
# Not by abspath, which takes a folder with spaces in its name for several.
export PATH := $(if $(filter /%,$(BIN)),,$(CURDIR)/)$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup lab demo test quick coverage build bench variants docs hub test-browser test-platforms lint unit corpus nbval mutants lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

FORMGRADER := course/grading/marking/jupyter_server_config.json

# Versions of Python are written once, in pyproject.toml; this is read by Pythons that are too old for it.
# What a path must not hold: setuptools takes {x} and $x for variables of its own, nbgrader {x} and its Alembic %, and a
# search path ends an entry at a colon.
define CHECKS
import os, re, sys
low, high = re.search('requires-python = ">=([0-9.]+),<([0-9.]+)"', open("pyproject.toml").read()).groups()
if not [int(n) for n in low.split(".")] <= list(sys.version_info[:2]) < [int(n) for n in high.split(".")]:
    sys.exit("Python %s or newer, but older than %s, is needed (TensorFlow has no wheels for others); this is %s. "
             "Name another one: make PYTHON=python%s" % (low, high, sys.version.split()[0], low))
odd = sorted(set(os.getcwd()) & set("$${}%:"))
if odd:
    sys.exit("The path of this folder, %s, holds %s, by which setuptools, nbgrader or the search path would be misled. "
             "Move it to a path without." % (os.getcwd(), " ".join(odd)))
endef
export CHECKS

$(READY): requirements.txt pyproject.toml binder/overrides.json $(FORMGRADER)
	@$(PYTHON) -c "$$CHECKS"
	@echo "Setting up $(VENV): about a minute and 2.5 GB, once."
	@$(PYTHON) -m venv $(VENV)
	@$(if $(filter $(BIN)/uv,$(UV)),$(PIP) $(shell grep '^uv==' requirements.txt))
	@$(call install,--requirement requirements.txt)
	@$(call install,--no-deps --no-build-isolation --editable .)
	@mkdir -p $(VENV)/share/jupyter/lab/settings $(VENV)/etc/jupyter/jupyter_server_config.d
	@cp binder/overrides.json $(VENV)/share/jupyter/lab/settings/overrides.json  # Markdown opens as a page
	@cp $(FORMGRADER) $(VENV)/etc/jupyter/jupyter_server_config.d/zz-course.json  # after nbgrader's own
	@touch $@

# $(call installed,PROGRAMS,PACKAGE,WHAT FOR): if none of the programs is there, the Debian package is installed where it
# may be; else a line says what to do.
define installed
@found() { for program in $(1); do command -v $$program && return; done; return 1; }; found >/dev/null || { \
	sudo=$$([ "$$(id -u)" = 0 ] || echo "sudo -n"); \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
		echo "Installing $(2), in which $(3)."; \
		$$sudo apt-get install -qq --yes $(2) >/dev/null 2>&1 || \
			{ $$sudo apt-get update -qq; $$sudo apt-get install -qq --yes $(2) >/dev/null; }; \
	fi; \
	found >/dev/null || \
		echo "The program $(firstword $(1)) is missing, in which $(3). Install it: sudo apt-get install $(2)"; }
endef

# Submissions run in a sandbox made by bubblewrap; without it nothing is graded. It comes from the system's packages.
SANDBOX = $(call installed,bwrap,bubblewrap,submissions run)
# Any Chromium will do. Ubuntu's package of that name is none, but its machines often have Chrome.
CHROMIUM = $(call installed,chromium chromium-browser google-chrome,chromium,pages are tested)

setup: $(READY) ## Set up the environment .venv, as every other target does first

lab: $(READY) ## Open the labs in JupyterLab, with Formgrader
	@echo "This is the instructors' repository: it holds the solutions. Students get the edition that \`course publish\` makes."
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/labs/README.md $(if $(filter 0,$(shell id -u)),--allow-root)

demo: $(READY) ## Grade a made-up class on lab 3, from source to grades
	$(SANDBOX)
	@$(BIN)/course demo

# All of them wait now and then, `unit` most, so two run at a time, and three processes of `unit` keep two cores busy. What
# it prints is seen at once.
test: lint docs ## Run every check there is
	$(SANDBOX)
	@echo "== unit, and beside it first corpus, then nbval; what these two print follows when they end, after some minutes"
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target unit corpus nbval

PACKAGES := course benchmarks reproduction platforms data_utils tests

lint: $(READY) ## Check style, types and spelling
	@echo "== lint: ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet $(PACKAGES) nbgrader_config.py solutions/*/*.ipynb
	@echo "== lint: mypy"
	@$(BIN)/mypy
	@echo "== lint: which room uses which"
	@$(BIN)/lint-imports --no-cache
	@echo "== lint: spelling"
	@$(BIN)/codespell *.md docs students solutions $(PACKAGES)

# What starts no kernel and no sandbox and takes no seconds for another reason; see the markers in pyproject.toml.
QUICK := not kernel and not slow
# nbval's plugin is for notebooks, and takes seconds to load.
TESTS := $(BIN)/pytest -q -p no:nbval --numprocesses 2 --dist worksteal

quick: $(READY) ## Run the tests that start no kernel: a minute, while you work
	@$(TESTS) -m "$(QUICK)"

COVERED ?= $(QUICK)

coverage: $(READY) ## Show what the tests of `make quick` reach; of all: make coverage COVERED=
	@$(TESTS) -m "$(COVERED)" --cov --cov-report term:skip-covered

# Only what calls make is shown before its target ends; + says that this does. It must not be done in a dry run, though.
AT_ONCE = $(if $(findstring n,$(firstword -$(MAKEFLAGS))),,+)

unit: $(READY)
	$(SANDBOX)
	$(AT_ONCE)@echo "== unit: tools, generated files, grading, and the labs' tests tested by right and wrong answers"
	$(AT_ONCE)@env -u MAKEFLAGS $(BIN)/pytest --numprocesses 3 --dist worksteal --ignore tests/grading/test_corpus.py

corpus: $(READY)
	$(SANDBOX)
	@echo "== corpus: a class of odd, broken, greedy and cheating submissions, graded in one batch"
	@$(BIN)/pytest tests/grading/test_corpus.py

nbval: $(READY)
	@echo "== nbval: every solution from top to bottom"
	@$(BIN)/pytest --override-ini filterwarnings= --nbval-lax --numprocesses 2 --dist loadscope solutions

# JupyterHub, its proxy and nbgitpuller are for these tests alone, so they lie in a folder of their own.
hub: $(READY) ## Test the labs behind a JupyterHub, and nbgitpuller's links
	$(SANDBOX)
	@$(BIN)/uv pip install --quiet --target $(VENV)/hub/python --constraint requirements.txt --requirement tests/hub/requirements.txt
	@if command -v npm >/dev/null; then npm install --silent --no-fund --prefix $(VENV)/hub configurable-http-proxy@5.3.0; \
		else echo "npm is missing, from which the hub's proxy comes. Install it: sudo apt-get install npm"; fi
	@$(BIN)/pytest tests/hub tests/authoring/test_nbgitpuller.py

# Playwright and axe-core are for these tests alone, so they lie in a folder of their own.
test-browser: $(READY) ## Test labs, TensorBoard, Formgrader and pages in a browser (pictures for the docs: SCREENSHOTS=docs/images)
	$(SANDBOX)
	$(CHROMIUM)
	@$(BIN)/uv pip install --quiet --target $(VENV)/browser/python --constraint requirements.txt --requirement tests/browser/requirements.txt
	@if command -v npm >/dev/null; then npm install --silent --no-fund --prefix $(VENV)/browser axe-core@4.14.1; \
		else echo "npm is missing, from which axe-core comes. Install it: sudo apt-get install npm"; fi
	@$(if $(SCREENSHOTS),SCREENSHOTS=$(abspath $(SCREENSHOTS))) $(BIN)/pytest tests/browser

test-platforms: $(READY) ## Try the labs with the oldest, locked and newest packages, as in Colab and on Binder (two hours)
	$(SANDBOX)
	@$(BIN)/python -m platforms $(SETS)

docs: $(READY) ## Make the documentation's site in build/docs; a dead link is an error
	@echo "== docs: every page and link"
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky --doctree-dir build/doctrees docs build/docs

build: $(READY) ## Make answer keys, student copies and index; execute what has changed
	@$(BIN)/course build

variants: $(READY) ## Test the labs' tests by right and wrong answers, as far as anything has changed (all: AGAIN=yes)
	@$(BIN)/course variants $(if $(AGAIN),--again)

mutants: $(READY) ## Measure the labs' tests by small changes of the model answers (half an hour)
	@$(BIN)/python -m benchmarks mutants

bench: $(READY) ## Measure "Run All" of the labs, how fast a class is graded, and what `course similar` finds
	@$(BIN)/python -m benchmarks labs
	@$(BIN)/python -m benchmarks grading
	@$(BIN)/python -m benchmarks large
	@$(BIN)/python -m benchmarks workers
	@$(BIN)/python -m benchmarks similar
	@PYTHONPATH=tests:tests/grading $(BIN)/python -m benchmarks correctness

LOCK := $(BIN)/uv pip compile --quiet --no-emit-index-url --no-annotate --custom-compile-command "make lock" $(LOCK_OPTIONS)

lock: $(READY) ## Pin all versions anew (the newest: LOCK_OPTIONS=--upgrade) from pyproject.toml and the three requirements.in
	@$(LOCK) --universal --python-version 3.11 --output-file requirements.txt pyproject.toml requirements.in
	@$(LOCK) --universal --python-version 3.11 --constraint requirements.txt \
		--output-file students/requirements.txt pyproject.toml students/requirements.in
	@$(LOCK) --python-version 3.11 --python-platform x86_64-manylinux_2_28 --constraint requirements.txt \
		--output-file binder/requirements.txt pyproject.toml binder/requirements.in

clean: ## Delete the environment and everything that can be made again
	rm -rf $(VENV) demo build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .coverage logs
	find . -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf
