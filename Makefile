# Two commands set everything up: `make demo` and `make test`. Both use the virtual environment .venv, which they create.
# What is installed into it is pinned by the lock files in requirements/; `make lock` writes these.
PYTHON ?= python3
BIN := .venv/bin
NEWEST := .venv-newest/bin
LOCK := .venv-lock/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
COMPILE := $(LOCK)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
unexport PYTHONDONTWRITEBYTECODE # every process of the tests would compile the package again
LANES := slow or crash or fuzz or docs or process or sdk

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast coverage test-newest test-places check lint format types contracts schemas new-kind docs site package lock changelog bench bench-apply bench-pairs bench-state soak soak-bound soak-state fuzz crash-matrix clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/installed: pyproject.toml requirements/runtime.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/runtime.txt
	$(BIN)/python $(PIP_INSTALL) --no-build-isolation --no-deps -e .
	@touch $@

.venv/tested: .venv/installed requirements/dev.txt
	$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

.venv/fuzzing: .venv/tested requirements/fuzz.txt
	$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/fuzz.txt
	@touch $@

demo: .venv/installed ## run the main commands against the built-in simulator: no account, no key
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh scripts/demo.sh

test: .venv/tested ## lint, types, import contracts and all tests, as CI runs them
	@$(MAKE) --no-print-directory -j3 check
	$(BIN)/python -m pytest -n auto --dist worksteal -q

test-fast: .venv/tested ## run the tests without the slow lanes: under two minutes
	HYPOTHESIS_PROFILE=fast $(BIN)/python -m pytest -n auto --dist worksteal -q -m "not ($(LANES))"

coverage: .venv/tested ## branch coverage of planning by its own tests; fails below the gate in pyproject.toml
	$(BIN)/python -m coverage run -m pytest -q -p no:xdist -m "not ($(LANES))" tests/planning tests/plans
	$(BIN)/python -m coverage report --skip-covered

test-newest: ## run the tests in .venv-newest, with the newest versions that pyproject.toml allows, on every place, with six times the draws
	$(PYTHON) -m venv .venv-newest
	$(NEWEST)/python $(PIP_INSTALL) --upgrade pip
	$(NEWEST)/python $(PIP_INSTALL) --upgrade --upgrade-strategy eager --group dev -e .
	EVERY_PLACE=1 HYPOTHESIS_PROFILE=wide $(NEWEST)/python -m pytest -n auto --dist worksteal -q

test-places: .venv/tested ## run the conformance suite of states on every place, also on those that take turns in `make test`
	EVERY_PLACE=1 $(BIN)/python -m pytest -n auto --dist worksteal -q tests/state/conformance

check: lint types contracts ## lint, types and import contracts, without tests

lint: .venv/tested ## check the code with ruff, and every text file
	$(BIN)/python scripts/check_files.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/tested ## check the types with mypy --strict
	$(BIN)/mypy

contracts: .venv/tested ## check which package may import which
	$(BIN)/lint-imports

format: .venv/tested ## format the code, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: .venv/tested ## generate schemas/, docs/reference/ and templates/
	$(BIN)/python -m novita_infra.schema.resources schemas
	$(BIN)/python -m novita_infra.views.formats.json.schema.plan schemas
	$(BIN)/python -m novita_infra.views.result_schemas schemas
	$(BIN)/python -m novita_infra.notices.schema schemas
	$(BIN)/python -m novita_infra.simulator.scenarios.schema schemas
	$(BIN)/python -m novita_infra.schema.reference_pages docs/reference
	$(BIN)/python -m novita_infra.simulator.http.coverage docs/reference/index.md
	$(BIN)/python -m novita_infra.cli.pages.reference_page docs/reference/commands.md
	$(BIN)/python -m novita_infra.cli.pages.operations_page docs/reference/operations.md
	$(BIN)/python -m novita_infra.cli.pages.errors_page docs/reference/errors.md
	$(BIN)/python -m novita_infra.forges.pipelines.component templates

new-kind: ## NAME=Subnet: write the skeleton of a new kind of resource
	@$(PYTHON) scripts/new_kind.py $(NAME)

docs: .venv/tested ## run the commands of the pages, write their output there, and draw docs/plan.svg and docs/cast.svg
	RENEW=1 $(BIN)/python -m pytest -q -n auto tests/test_docs.py tests/state/backends/test_pages.py tests/cli/commands/pipelines/test_page.py -k "page_says or state_is_shared"
	$(BIN)/python tests/support/notebooks.py docs/library.ipynb
	$(BIN)/python scripts/picture.py
	$(BIN)/python scripts/cast.py

site: .venv/tested ## build the site of the documentation in .site/html
	$(BIN)/python scripts/website.py

package: .venv/tested ## build the wheel and the sdist into dist/
	$(BIN)/python -m build

lock: ## pin the newest versions in requirements/; KEEP=1 changes only what pyproject.toml requires
	$(PYTHON) -m venv .venv-lock
	$(LOCK)/python $(PIP_INSTALL) 'uv>=0.13,<0.14'
	$(COMPILE) $(if $(KEEP),,--upgrade) --group dev --output-file requirements/dev.txt pyproject.toml
	$(COMPILE) $(if $(KEEP),,--upgrade) --output-file requirements/sdk.txt requirements/sdk.in
	$(COMPILE) $(if $(KEEP),,--upgrade) --output-file requirements/fuzz.txt requirements/fuzz.in
	$(COMPILE) --upgrade --group build --constraints requirements/dev.txt --output-file requirements/runtime.txt pyproject.toml

changelog: .venv/tested ## move changelog.d/ into CHANGELOG.md under the version of the package; DRAFT=1 only prints it
	$(BIN)/towncrier build $(if $(DRAFT),--draft,--yes)

bench: .venv/tested ## run all benchmarks
	@for script in $(filter-out benchmarks/older.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; PYTHONPATH=tests/support $(BIN)/python $$script || exit 1; done

bench-pairs: .venv/tested ## OLD=../old: measure the processor time against an older checkout with its own .venv
	$(BIN)/python benchmarks/older.py $(OLD)

bench-apply: .venv/tested ## measure an apply against the lower bound
	$(BIN)/python benchmarks/apply.py

bench-state: .venv/tested ## measure what a state in S3 and in PostgreSQL costs an apply
	PYTHONPATH=tests/support $(BIN)/python benchmarks/shared_state.py

soak: .venv/tested ## play COUNT=10000 random histories of faults, crashes and other users; SEED=N repeats one seed
	@PYTHONPATH=tests/support $(BIN)/python tests/support/soak.py $(or $(COUNT),10000) $(SEED)

fuzz: .venv/fuzzing ## search MINUTES=10 for inputs that break a reader of files; READERS="manifest state" are some of them
	@PYTHONPATH=tests/support $(BIN)/python tests/support/fuzz.py $(or $(MINUTES),10) $(READERS)

soak-state: .venv/tested ## race processes on shared states, SHARE=25 times as often as the tests; SEED=N repeats one seed
	@RACE_SHARE=$(or $(SHARE),25) RACE_SEED=$(or $(SEED),$$$$) $(BIN)/python -m pytest -q -n auto tests/state/objects/test_linearizability.py

soak-bound: .venv/tested ## play COUNT=10000 histories after which nobody comes back and only `sweep` runs
	@PYTHONPATH=tests/support PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m bounded_loss $(or $(COUNT),10000) $(or $(SEED),0)

crash-matrix: .venv/tested ## kill an apply at every point of every operation of every kind; BACKEND=git keeps the states there
	@BACKEND=$(BACKEND) PYTHONPATH=tests/support PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m crash_matrix

clean: ## delete the environments, builds and caches
	rm -rf .venv .venv-newest .venv-lock .venv-sdk dist build .demo .site .fuzz .soak .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov
