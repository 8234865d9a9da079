# Every target makes the environment that it needs. PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export DO_NOT_TRACK := 1
export DVC_NO_ANALYTICS := 1
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test check lint types contracts locks bench golden docs clean

demo: $(STAMP)  ## every table at smoke scale, in minutes
	$(BIN)/kedro run
	@echo "The report is in build/report/smoke.html"

test: $(STAMP)  ## every test
	$(BIN)/python -m pytest

check: lint types contracts locks test  ## what CI runs

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

locks: $(STAMP)
	$(BIN)/kedro lock --check
	$(BIN)/kedro export-dvc --check
	$(BIN)/kedro export-plan --check

bench: $(STAMP)  ## speed of the engine against bare PyTorch, its switches, scoring, what runs cost
	$(BIN)/python benchmarks/rounds.py
	$(BIN)/python benchmarks/batches.py
	$(BIN)/python benchmarks/thousand_runs.py
	$(BIN)/python benchmarks/ray_overhead.py
	$(BIN)/python benchmarks/ray_schedule.py
	$(BIN)/python benchmarks/ray_speed.py
	$(BIN)/python benchmarks/evaluation.py

golden: $(STAMP)  ## write the golden files anew; look at the diff before you commit it
	GAN_REPRO_UPDATE_GOLDEN=1 $(BIN)/python -m pytest tests/golden

docs: $(STAMP)  ## the static Kedro-Viz site, beside the report
	$(BIN)/kedro viz build --include-hooks --include-previews
	@echo "Serve it with: python3 -m http.server --directory build --bind 127.0.0.1"

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(STAMP)

clean:  ## the environment and everything built; data, state and results stay
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
