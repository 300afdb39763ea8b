# make run | test | check | bench: each does its own set-up on a fresh Debian or macOS machine with Python 3.11+.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FEED ?=
SPEED ?= 60
AXE := 4.10.3

.PHONY: run test check bench clean
.DELETE_ON_ERROR:

run: .make/run
	$(if $(FEED),IOC_FEED="$(FEED)" IOC_FEED_SPEED="$(SPEED)") exec $(BIN)/python app.py

test: check
	$(BIN)/pip-audit --progress-spinner off -r constraints.txt --no-deps --disable-pip
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup --durations=20 -m "service or journey or long"

check: .make/test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 2 -m "not service and not journey and not long"

bench: .make/bench .make/peers/bin/python
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .make

$(BIN)/python:
	@bash .ci/system python
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=...")'
	@echo "建立环境 making the environment $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

# Without ffmpeg simulated cameras have no clip, and say so.
.make/run: $(BIN)/python pyproject.toml constraints.txt
	-@bash .ci/system ffmpeg
	@bash .ci/install $(BIN)/python -c constraints.txt -e .
	@mkdir -p .make && touch $@

.make/test: $(BIN)/python pyproject.toml constraints.txt .ci/system
	@bash .ci/system chromium
	@bash .ci/system postgresql
	@bash .ci/system mosquitto
	@bash .ci/system ffmpeg
	@bash .ci/system npm
	@npm install --prefix .make/axe --no-audit --no-fund --no-save --ignore-scripts --loglevel=error axe-core@$(AXE)
	@bash .ci/install $(BIN)/python -c constraints.txt -e '.[dev]'
	@mkdir -p .make && touch $@ .make/run

.make/bench: .make/test
	@bash .ci/install $(BIN)/python -c constraints.txt -e '.[bench]'
	@mkdir -p .make && touch $@

# Peers that need older packages than the product: an environment of their own.
.make/peers/bin/python: benchmarks/peers.txt .make/bench
	$(PYTHON) -m venv .make/peers
	@bash .ci/install $@ -r benchmarks/peers.txt
	@touch $@
