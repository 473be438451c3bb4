# `make demo` and `make test` each do all their own set-up in .venv; PYTHON=/path/to/python uses an environment of yours
# that has torch (PYTHON=python: the active one).
PYTHON ?=
VENV ?= .venv
PYTEST_ARGS ?=

PY := $(if $(PYTHON),$(PYTHON),$(VENV)/bin/python)
# Any Python starts the set-up; it looks for one that is new enough.
SETUP := $(shell command -v python3 || command -v python || echo python3) tools/misc/setup_env.py \
         --venv '$(VENV)' $(if $(PYTHON),--python '$(PYTHON)')

.DEFAULT_GOAL := help
.PHONY: help demo test lint format install clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo:  ## pretrain on the mini data, carry it to detection and segmentation, write work_dirs/demo/report.html
	@$(SETUP)
	$(PY) tools/demo.py

test:  ## run the test suite (PYTEST_ARGS='tests/test_scopes.py -k mmseg' for a part of it)
	@$(SETUP) --tests
	$(PY) -m pytest -n 2 --dist loadfile --durations=15 $(PYTEST_ARGS)

lint:  ## check style, spelling and the house rules
	@$(SETUP) --tests
	$(PY) -m ruff check .
	$(PY) -m codespell_lib .
	$(PY) tools/misc/check_house_rules.py

format:  ## mend what ruff and codespell can mend by themselves
	@$(SETUP) --tests
	$(PY) -m ruff check --fix .
	$(PY) -m codespell_lib --write-changes .

install:  ## only set up the environment, with everything for tests
	@$(SETUP) --tests

clean:  ## remove what was built; keeps .venv, data/ and work_dirs/
	rm -rf build dist mmrice.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
