# Needs GNU make 3.81 or newer and a POSIX shell. `make` alone lists the targets.
# ARGS are handed on: make run ARGS="--port 9000", make test ARGS="tests/unit -x".

# Where it is set, every process compiles all modules anew: a third of a start.
unexport PYTHONDONTWRITEBYTECODE

ARGS ?=
PYTHON_IN_VENV = .venv/bin/python
# promtool may lie beside Python; and pyright has no need to ask for its newest version.
IN_VENV = PATH="$(CURDIR)/.venv/bin:$$PATH" PYRIGHT_PYTHON_IGNORE_WARNINGS=1
LOCK = .venv/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help run console setup test test-stack check soak bench lock docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: ## install, migrate ./data, serve on http://127.0.0.1:8000 (ROADBED_DATABASE_URL: PostgreSQL)
	@exec scripts/run $(ARGS)

console: ## build the console into console/dist, if its sources have changed (Node 20.19 or newer)
	@scripts/console

setup: ## make the development environment in .venv, with the commit hooks
	@scripts/environment dev
	@if git rev-parse --git-dir >/dev/null 2>&1; then .venv/bin/pre-commit install; fi

# Most tests wait for processes that they have started: three at a time keep two cores busy (four and six take longer: they
# wait for each other), in the order of tests/support/ordering.py. Those that make faults under load have the machine to
# themselves, two at a time. Those of style are `make check`'s.
test: ## install what the tests need, then run all of them but the long fault runs and those of `make check`
	@scripts/environment dev
	@scripts/test-programs
	@scripts/console
	@scripts/npm test
ifeq ($(strip $(ARGS)),)
	$(IN_VENV) python -m pytest -m "not soak" -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/faults --ignore tests/style
	$(IN_VENV) python -m pytest -m "not soak" -n 2 --dist loadfile tests/faults
else
	$(IN_VENV) python -m pytest -m "not soak" $(ARGS)
endif

# Takes the machine's Docker engine, some minutes and some gigabytes: a person runs it, CI does not. With AIRGAP=1 it makes
# stand-ins for the public images first, for machines that reach no registry.
test-stack: ## build the image, start the whole stack in containers, ask it and break it (AIRGAP=1: without a registry)
	@scripts/environment dev
	$(if $(AIRGAP),tests/deploy/airgap/images)
	$(if $(AIRGAP),DOCKER_BUILDKIT=0) docker build $(if $(AIRGAP),--network host) --build-arg REVISION=$$(git rev-parse HEAD) --tag roadbed:0.1.0 .
	$(IN_VENV) python -m pytest -q tests/deploy/stack/checks.py $(ARGS)

check: ## lint, format, types, import contracts, style, containers
	@scripts/environment dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(IN_VENV) pyright
	.venv/bin/lint-imports --no-logo
	$(PYTHON_IN_VENV) -m pytest -q tests/style
	@scripts/check-deploy
	@scripts/console packages
	@scripts/npm run --silent check

soak: ## run the long fault runs
	@scripts/environment dev
	@scripts/test-programs
	$(IN_VENV) python -m pytest -m soak --timeout 3600 $(ARGS)

bench: ## measure Roadbed and its peers on the same work, in one run
	@scripts/environment dev
	$(PYTHON_IN_VENV) -m bench setup
	$(PYTHON_IN_VENV) -m bench $(ARGS)

lock: ## pin and hash the dependencies anew (UPGRADE=1: to their newest releases)
	@scripts/environment dev
	$(LOCK) pyproject.toml --all-extras --group dev --output-file requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt --group build --output-file requirements/build.txt
	$(LOCK) --constraint requirements/dev.txt pyproject.toml --output-file requirements/run.txt
	$(LOCK) --constraint requirements/dev.txt pyproject.toml --extra postgres --extra redis --extra otlp --extra sentry --output-file requirements/postgres.txt

docs: ## write docs/reference anew from the code, and the last benchmark into README
	@scripts/environment dev
	$(PYTHON_IN_VENV) -m docs.generate

clean: ## remove what builds and tools left behind; ./data and .venv stay
	rm -rf build dist .coverage htmlcov .hypothesis .import_linter_cache .pytest_cache .ruff_cache .schemathesis
	find . -name __pycache__ -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +
