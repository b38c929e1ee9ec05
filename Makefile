# Everything a developer runs. Needs Python >= 3.11 and make; the rest goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := -m pytest --no-header -n auto
LOWEST := build/lowest
PEERS := build/peers

.DEFAULT_GOAL := help
.PHONY: help setup demo docs test test-slow test-lowest lint check format notebooks dist bench-setup bench clean
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: .venv/.stamp ## make .venv with the tested versions

.venv/.stamp: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the tested versions into .venv (a minute or two) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: setup ## oversample a small table and show what it brings
	@$(BIN)/python -m benchmarks.demo

docs: setup ## pages of the API, guides and notebooks in build/docs, links checked
	@$(BIN)/python -m notebooks.pages build/docs

# One thread per process: the test workers share the cores.
test test-slow test-lowest check: export OMP_NUM_THREADS = 1
test test-slow test-lowest check: export OPENBLAS_NUM_THREADS = 1
test test-slow test-lowest check: export MKL_NUM_THREADS = 1

test: setup ## fast tests and doctests
	@$(BIN)/python $(PYTEST) -m "not slow"

test-slow: setup ## the slow tests
	@$(BIN)/python $(PYTEST) -m slow

lint: setup ## style, types, floors, spelling
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/typos

check: lint test ## everything a change must pass: lint, then test

format: setup ## let ruff repair what it can
	@$(BIN)/ruff check --quiet --fix
	@$(BIN)/ruff format --quiet

dist: setup ## sdist, and the wheel made of it, in dist/
	@rm -rf dist
	@$(BIN)/python -m build

notebooks: setup ## run all notebooks and store what they show
	@$(BIN)/python notebooks/execute.py

bench-setup: $(PEERS)/.stamp ## other people's oversamplers in build/peers (1.7 GB)

# Leaves the stamp only if all went in, so what failed is tried again.
$(PEERS)/.stamp: benchmarks/peers/requirements.txt benchmarks/peers/setup.py
	@rm -f $@
	@echo "Installing the peers into $(PEERS) (some minutes) ..."
	@$(PYTHON) benchmarks/peers/setup.py $(PEERS)

bench: setup ## the KEEL suite, hours; goes on where it was (needs GAN_OVERSAMPLER_DATA)
	@$(BIN)/python -m benchmarks.run keel --jobs 2
	@$(BIN)/python -m benchmarks.reporting.report keel

# Dependencies of the package and of its extras at their lower bounds, torch and the test tools as tested.
$(LOWEST)/.stamp: pyproject.toml constraints.txt
	@$(PYTHON) -m venv --clear $(LOWEST)
	@$(PYTHON) -c 'import tomllib; \
		project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
		extras = project["optional-dependencies"]; \
		needs = {*project["dependencies"], *extras["cli"], *extras["dask"], *extras["plot"]}; \
		print(*(n.replace(">=", "==") for n in needs if not n.startswith("torch>")), sep="\n")' \
		> $(LOWEST)/requirements.txt
	@sed -nE '/^(torch|polars|pytest|pytest-xdist|hypothesis)==/p' constraints.txt >> $(LOWEST)/requirements.txt
	@$(LOWEST)/bin/python -m pip install -qq --disable-pip-version-check -r $(LOWEST)/requirements.txt
	@touch $@

# What users get: the wheel, and the tests of the sdist, without the checkout's package beside them.
test-lowest: dist $(LOWEST)/.stamp ## fast tests of the wheel, with the oldest versions promised
	@$(LOWEST)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --force-reinstall dist/*.whl
	@$(LOWEST)/bin/python -m pip check
	@rm -rf $(LOWEST)/sdist && mkdir $(LOWEST)/sdist
	@tar -xzf dist/*.tar.gz -C $(LOWEST)/sdist --strip-components=1
	@rm -r $(LOWEST)/sdist/gan_oversampler
	@# Old versions warn of changes in later ones.
	@cd $(LOWEST)/sdist && ../bin/python $(PYTEST) -m "not slow" -W default tests --pyargs gan_oversampler

clean: ## remove caches and builds, keep .venv
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find gan_oversampler benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +
