# make lab | test | check | bench | setup       PYTHON=python3.12 chooses the interpreter, VENV=... the environment's folder
PYTHON ?= python3
VENV ?= .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
READY := $(VENV)/.ffexplore-ready
PY := $(BIN)/python

NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout=120 --nbval-sanitize-with=tests/nbval_sanitize.cfg

.DEFAULT_GOAL := help
.PHONY: help setup lab test check bench pins address chromium clean

help:
	@echo "make lab      set up and open the first notebook in JupyterLab"
	@echo "make test     set up and run every test: unit, contract, notebooks, end to end in a browser"
	@echo "make check    ruff and mypy"
	@echo "make bench    the benchmarks"
	@echo "make setup    only the environment in $(VENV); PYTHON=python3.12 chooses the interpreter"
	@echo "make pins     write constraints.txt anew from what $(VENV) has"
	@echo "make address  REPOSITORY=owner/name: write the repository's address into every link that names it"
	@echo "make clean    remove $(VENV) and the tools' caches"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "ffexplore needs Python 3.10 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 setup"; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[test]"
	@touch $(READY)

lab: setup
	$(PY) -m ffexplore lab notebooks

test: setup chromium
	$(PY) -m pytest $(NBVAL) tests notebooks

check: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: setup
	$(PY) -m benchmarks

# The tests in a browser skip, and say so, where no Chromium is found and none can be installed.
chromium:
	@sh .ci/chromium

pins: setup
	$(PY) .ci/pins.py

address:
	@$(PYTHON) .ci/address.py "$(REPOSITORY)"

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
