# The project's door. `make` alone lists what it offers.
PYTHON ?= python3
# To run: what requirements.txt pins. To test as well: requirements-dev.txt, into the same .venv.
VENV := .venv/.complete-$(notdir $(PYTHON))
TOOLS := .venv/.tools-$(notdir $(PYTHON))
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes

.DEFAULT_GOAL := help
.PHONY: help setup demo up test unit mutants bench lint requirements schema pictures

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV) ## .venv with everything pinned, and the Pulumi engine
	@.venv/bin/python engine/ensure

$(VENV): requirements.txt
	$(PYTHON) -m venv --clear .venv
	$(PIP) -r $<
	touch $@

$(TOOLS): requirements-dev.txt $(VENV)
	$(PIP) -r $<
	touch $@

up: setup ## `pulumi up`, quicker on large stacks: make up STACK=acme
	@engine="$$(.venv/bin/python engine/ensure)" && PATH="$$(dirname "$$engine"):$$PATH" PULUMI_SKIP_CHECKPOINTS=true PULUMI_ENABLE_LEGACY_DIFF=true "$$engine" up $(if $(filter --skip-preview --skip-preview=true -f --plan --plan=%,$(ARGS)),,--strict) $(if $(STACK),--stack $(STACK)) $(ARGS)

demo: setup ## the main job on the sandbox, start to end
	@.venv/bin/python -m sandbox demo

# One more process than there are cores: a quarter of the time is waited for what was killed or made to fail.
test: setup lint ## every check and every test, the real engine's too
	.venv/bin/python -m pytest -n $$(.venv/bin/python -c 'import os; print(1 + (os.cpu_count() or 1))') --dist worksteal

unit: $(TOOLS) ## the tests of seconds: no engine, no sandbox
	.venv/bin/python -m pytest -n auto tests/mbs tests/erasure tests/policies tests/providers

mutants: $(TOOLS) ## show that the tests notice every change of the gate (minutes)
	.venv/bin/python -m tests.mutation.run

bench: setup $(TOOLS) ## measure this project and its rivals side by side (a quarter of an hour): make bench SIZES="100 1000"
	@.venv/bin/python -m bench $(if $(SIZES),--sizes "$(SIZES)") $(if $(CONTENDERS),--contenders "$(CONTENDERS)") $(ARGS)

lint: $(TOOLS) ## ruff, mypy, import-linter
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

schema: $(TOOLS) ## write the JSON schemas anew from the models
	.venv/bin/python -m tests.schemas

pictures: setup $(TOOLS) ## make the README's pictures anew, on the sandbox (needs Chromium)
	.venv/bin/python -m tests.pictures

requirements: ## pin what pyproject.toml asks for (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.txt
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements.txt -q -o requirements-dev.txt
