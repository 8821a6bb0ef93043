# Everything goes through `make`; on a fresh machine each target sets up what it needs first.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Files go to workers whole, for the servers that their tests share, in the order of tests/conftest.py. nbval is for notebooks
# alone, and each worker would import half of Jupyter for it.
PARALLEL := -p no:nbval --numprocesses auto --dist loadfile --no-loadscope-reorder
# Without bytecode, each command and each kernel compiles 600 modules first.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help audit check test retest coverage e2e lint notebooks schema sql plan screenshots bench fuzz faults directus release format clean

help:  ## list the targets
	@grep -E '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

audit: $(STAMP)  ## set everything up and audit the bundled example: three real databases
	@$(BIN)/migration-audit demo

check: $(STAMP) lint  ## within a minute: style, types, imports, and the tests that need no server
	@MIGRATION_AUDIT_SERVER='none: make check starts no server' $(BIN)/python -m pytest --quiet $(PARALLEL) \
	  -m 'not server and not slow' tests/unit tests/checks

test: $(STAMP)  ## within ten minutes: set everything up, check the style, run the tests on a real server; SLOW=1 runs all of them
	@for program in git ssh-keygen; do command -v $$program >/dev/null || { \
	  echo "make: $$program is needed: evidence names commits, and signatures are OpenSSH's." >&2; \
	  echo "  → on Debian and Ubuntu: apt-get install git openssh-client" >&2; exit 1; }; done
	@$(MAKE) --no-print-directory lint & linted=$$!; $(BIN)/migration-audit server install debian; installed=$$?; \
	  wait $$linted && exit $$installed
	@$(BIN)/python -m pytest $(PARALLEL) $(if $(SLOW),,-m 'not slow')

retest: $(STAMP)  ## run the tests that failed last once more, one after the other, if they are two at most, and name them
	@$(BIN)/python .ci/retest

coverage: $(STAMP)  ## which branches the tests reach: TESTS are all, unless named (make coverage TESTS='tests/unit tests/checks')
	@$(BIN)/migration-audit server install debian
	@COVERAGE_FILE="$${TMPDIR:-/tmp}/migration-audit-coverage" $(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term $(TESTS)

e2e: $(STAMP)  ## boot a real Directus (from npm, 0.8 GB in the user's cache) by the example's own scripts, and audit it
	@command -v npm >/dev/null || { echo "make: e2e needs Node.js 20 or newer and npm." >&2; exit 1; }
	@$(BIN)/migration-audit server install debian
	@MIGRATION_AUDIT_E2E=1 $(BIN)/python -m pytest tests/e2e tests/directus/test_real.py tests/directus/test_rehearsal.py

lint: $(STAMP)  ## ruff, mypy, import-linter
	@$(BIN)/ruff format --check --quiet . || { echo 'make: run `make format`'; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/tmp/migration-audit-imports.$$$$ 2>&1 || { cat /tmp/migration-audit-imports.$$$$; rm -f /tmp/migration-audit-imports.$$$$; exit 1; }; rm -f /tmp/migration-audit-imports.$$$$

format: $(STAMP)  ## rewrite the style
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

notebooks: $(STAMP)  ## execute the notebooks again and keep their outputs
	@$(BIN)/python tests/refresh_notebooks.py

schema: $(STAMP)  ## write the JSON Schemas of evidence.json and audit.toml and docs/audit-toml.md from their types
	@PYTHONPATH=tests $(BIN)/python tests/refresh_schema.py

sql: $(STAMP)  ## write the blocks that queries of the catalog share, and the queries for older TimescaleDBs
	@$(BIN)/python tests/refresh_sql.py

plan: $(STAMP)  ## draw the packages and their order into CONTRIBUTING.md
	@$(BIN)/python tests/refresh_plan.py

screenshots: $(STAMP)  ## take the pictures of README again (Chromium; smaller with pngquant and optipng)
	@$(BIN)/python tests/refresh_screenshots.py

BENCH ?= commands signed notebooks latency snapshot scale growth hypertables files run fleet
bench: $(STAMP)  ## measure what docs/speed.md promises, for hours; make bench BENCH="commands signed" only these
	@failed=0; for bench in $(BENCH); do $(BIN)/python tests/benchmarks/bench_$$bench.py || failed=1; done; exit $$failed

fuzz: $(STAMP)  ## thousands of random schema changes: our comparison and pg_dump must agree
	@cd tests && ../$(BIN)/python -m fuzz.run

faults: $(STAMP)  ## thousands of broken connections, hundreds of killed processes: no check passes that could not look
	@$(BIN)/migration-audit server install debian
	@MIGRATION_AUDIT_FAULTS=$${MIGRATION_AUDIT_FAULTS:-5000} $(BIN)/python -m pytest tests/production/test_faults.py tests/production/test_random_kills.py

directus: $(STAMP)  ## thousands of generated snapshots and databases on real Directus servers (npm, 2.5 GB in the user's cache)
	@command -v npm >/dev/null || { echo "make: directus needs Node.js 20 or newer and npm." >&2; exit 1; }
	@$(BIN)/migration-audit server install debian
	@cd tests && PYTHONPATH=. ../$(BIN)/python -m directus.all_versions

release: $(STAMP)  ## build wheel and sdist with digests, and tag them: make release VERSION=1.2.3
	@$(BIN)/python .ci/release $(VERSION)

clean:  ## remove what make made here (the installed server stays in the user's cache)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "  → on Debian and Ubuntu: apt-get install python3.11 python3.11-venv, then make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "make: $(PYTHON) cannot make virtual environments." >&2; \
	  echo "  → on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV): downloading Python packages (about 250 MB, a minute or two)"
	@rm -f $(STAMP)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' || { \
	  echo "make: the Python packages could not be installed (see above); nothing of it will be trusted." >&2; \
	  echo "  → check that the package index can be reached and the disk is not full, then run make again" >&2; exit 1; }
	@touch $(STAMP)
