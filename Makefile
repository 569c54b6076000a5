# Everything a person or CI does with this repository; `make` alone lists it.
# ARGS is passed on: make run ARGS="--config taxi".   PYTHON names the Python to set up with.
# WORKERS: how many processes share the tests, about 2 GB of memory each.

SHELL := /bin/sh
.DEFAULT_GOAL := help
WORKERS ?= 2
.PHONY: help setup run serve test test-full check mlflow lock clean
export PYTHON

PACKAGES := pipeline components data serving install
PROGRAMS := run_local.py setup.py
# What is there of them: each part can be checked before the others are written.
CODE = $(wildcard $(PACKAGES) $(PROGRAMS))

help: ## this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# Any Python from 3.9 on can run the bootstrap; it finds or asks for the one to set up with.
setup: ## make .venv with every dependency at its locked version
	@for python in "$$PYTHON" python3 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then \
	        exec "$$python" -m install.bootstrap; \
	    fi; \
	done; \
	if command -v uv >/dev/null; then \
	    exec uv run --quiet --no-project --python 3.12 python -m install.bootstrap; \
	fi; \
	echo "setup: no Python 3 was found. On Debian 12 and Ubuntu 24.04: apt-get install python3-venv" >&2; \
	exit 1

run: setup ## run the pipeline on the default data; ARGS for run_local.py
	@.venv/bin/python run_local.py $(ARGS)

serve: setup ## answer requests with the model of the last run
	@.venv/bin/python -m pipeline serve $(ARGS)

test: setup ## the test suite without the long tests
	@.venv/bin/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow" $(ARGS)

test-full: setup ## every test; what needs a tool that is missing is skipped and named
	@.venv/bin/python -m pytest -rs $(ARGS)

check: setup ## ruff and mypy
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy $(CODE)

bench-%: setup ## a benchmark of tests/benchmarks: make bench-taxi-cpu ARGS="--rounds 3"
	@PYTHONPATH=. .venv/bin/python tests/benchmarks/$(subst -,_,$*).py $(ARGS)

mlflow: setup ## make .venv-mlflow, from which `pipeline report --mlflow` logs runs
	@.venv/bin/python -m venv .venv-mlflow
	@.venv-mlflow/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r install/mlflow.txt

lock: setup ## resolve install/*.in anew; ARGS=--upgrade for newer versions
	@.venv/bin/python -m install.lock $(ARGS)

clean: ## remove what tests and builds leave; .venv and output stay
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .coverage htmlcov
	@find $(CODE) tests -name __pycache__ -type d -prune -exec rm -rf {} +
