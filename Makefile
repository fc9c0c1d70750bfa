# Everything goes into .venv and .make in this folder; `make test` also installs Debian packages where it may.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# System packages come before the environment, which may need one of them.
.NOTPARALLEL:

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# An empty PYTHON lets scripts/setup_python.sh look for one.
PYTHON ?=
SYSTEM ?=
export PYTHON SYSTEM

# The stamps in .make tell of an environment; once that is gone they count for nothing.
ENVIRONMENT_IS_GONE := $(if $(wildcard $(BIN)/python),,environment-is-gone)

.PHONY: help app test fuzz check format hooks clean system environment-is-gone

help:  ## list these targets
	@echo "Earshot: keyword spotting with trainable spectrograms"
	@echo
	@awk -F ':.*  ## ' '/^[a-z]+:.*  ## / { printf "  make %-8s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Set PYTHON=/path/to/python to choose the Python (3.11 or newer) that makes .venv."

# Without PORT, Streamlit takes 8501 or, if that is busy, the next free one, and prints the address it got.
# With PORT it takes that one or says that it is busy.
app: .make/app  ## install requirements.txt into .venv, start the dashboard, print its address (PORT=8501)
	@exec $(BIN)/streamlit run dashboard/app.py $(if $(PORT),--server.port=$(PORT))

test: system .make/dev  ## install what the tests need and run them all (ARGS="-k words" chooses some)
	$(if $(strip $(ARGS)),$(BIN)/pytest $(ARGS),bash scripts/run_tests.sh)

# Each of the tests takes so many seconds; in `make test` it is a few.
SECONDS_EACH := $(or $(SECONDS),600)
fuzz: .make/dev  ## throw random files at every reader for a longer time (SECONDS=600 each)
	KWS_FUZZ_SECONDS=$(SECONDS_EACH) $(BIN)/pytest tests/fuzz

check: .make/dev  ## check format, lint, types, imports and shell scripts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck .ci/run scripts/*.sh

format: .make/dev  ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

hooks: .make/dev  ## run the checks before every commit from now on
	$(BIN)/pre-commit install

clean:  ## remove .venv, caches and other leftovers; runs and datasets stay
	rm -rf .venv .make build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

system:  ## install the system packages that the tests need, or say which
	@bash scripts/setup_system.sh

.make/venv: $(ENVIRONMENT_IS_GONE)
	@mkdir -p .make
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		python=$$(bash scripts/setup_python.sh) || exit 1; \
		echo "Making .venv with $$python"; \
		"$$python" -m venv .venv; \
	fi
	@touch $@

.make/app: requirements.txt pyproject.toml .make/venv
	$(PIP) install -r requirements.txt
	@touch $@

.make/dev: requirements.txt requirements-dev.txt pyproject.toml .make/venv
	$(PIP) install -r requirements-dev.txt
	@touch $@ .make/app
