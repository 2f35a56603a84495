# Two commands set everything up: `make demo` and `make test`. Each makes its own virtual environment in .venv.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test check lint format types contracts schemas docs package bench bench-apply soak crash-matrix clean

help: ## what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/tested: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: .venv/installed ## the main job against the built-in simulator: no account, no key
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/demo.sh

test: .venv/tested check ## everything that must be green: lint, format, types, contracts, tests
	$(BIN)/python -m pytest -n auto -q

check: lint types contracts ## everything but the tests

lint: .venv/tested ## ruff: lint and format check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/tested ## mypy --strict
	$(BIN)/mypy

contracts: .venv/tested ## which layer may import which
	$(BIN)/lint-imports

format: .venv/tested ## put the code into the one format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: .venv/tested ## generate schemas/ and docs/reference/ from the code
	$(BIN)/python -m novita_infra.schema.resources schemas
	$(BIN)/python -m novita_infra.views.json.schema.plan schemas
	$(BIN)/python -m novita_infra.simulator.scenarios.schema schemas
	$(BIN)/python -m novita_infra.schema.reference_pages docs/reference
	$(BIN)/python -m novita_infra.simulator.http.coverage docs/simulator.md

docs: .venv/tested ## write today's output into the pages and the picture
	$(BIN)/python tests/support/transcripts.py README.md docs/tutorial.md docs/how-to.md docs/simulator.md
	$(BIN)/python scripts/picture.py

package: .venv/tested ## build the wheel and the sdist into dist/
	$(BIN)/python -m build

bench: .venv/tested ## the benchmarks, as ratios
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench-apply: .venv/tested ## how long an apply takes, against what no program can beat
	$(BIN)/python benchmarks/apply.py

soak: .venv/tested ## COUNT=10000 random histories of faults, crashes and other people; SEED=N plays those of a seed
	@PYTHONPATH=tests/support $(BIN)/python tests/support/soak.py $(or $(COUNT),10000) $(SEED)

crash-matrix: .venv/tested ## kill a real apply at every point of every operation of every kind
	@PYTHONPATH=tests/support PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m crash_matrix

clean: ## remove what was made
	rm -rf .venv dist build .demo .soak .mypy_cache .ruff_cache .hypothesis .import_linter_cache
