# What a newcomer types: `make demo`, `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

# The one place for everything that is downloaded or built; deleted by `make clean-all`.
export TEAL_CACHE ?= $(HOME)/.cache/teal
export UV_CACHE_DIR := $(TEAL_CACHE)/uv-cache
export UV_PYTHON_DOWNLOADS := never
export PYRIGHT_PYTHON_CACHE_DIR := $(TEAL_CACHE)/pyright
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

# The program's imports are compiled once, also where the environment says otherwise: 2 s of CPU an update instead of 4.
export PYTHONDONTWRITEBYTECODE :=

UV_VERSION := 0.13.8
UV := $(or $(shell command -v uv),$(TEAL_CACHE)/uv/bin/uv)
export PATH := $(dir $(UV)):$(PATH)
PYTHON := .venv/bin/python
NAME ?= teal
PORTS ?= 30000-30999
ROUTER ?= service
# A cluster of yours instead of the sandbox's own; only if given on the command line, never by accident.
ifeq ($(origin KUBECONFIG),command line)
CLUSTER := --kubeconfig $(KUBECONFIG)
endif
SANDBOX = $(PYTHON) -m sandbox

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  settings: NAME=$(NAME) ROUTER=$(ROUTER) PORTS=$(PORTS) KUBECONFIG=path CMD='...' TEAL_CACHE=$(TEAL_CACHE)"

.PHONY: demo
demo: .venv/ready ## watch live traffic move from blue to green and back, and broken slots refused; ROUTER=alb: behind a load balancer
	$(SANDBOX) demo --router $(ROUTER) --name $(NAME) --ports $(PORTS) $(CLUSTER)

.PHONY: sandbox
sandbox: .venv/ready ## a real Kubernetes in a network namespace of its own
	$(SANDBOX) up --name $(NAME) --ports $(PORTS) $(CLUSTER)

.PHONY: sandbox-down
sandbox-down: .venv/ready ## end it, and leave nothing behind
	$(SANDBOX) down --name $(NAME)

.PHONY: shell
shell: .venv/ready ## a shell in the sandbox; CMD='...' runs one command there
	@$(SANDBOX) shell --name $(NAME) $(if $(CMD),--cmd $(call quote,$(CMD)))

.PHONY: test
test: lint docs unit e2e ## everything: lint, types, import contracts, pages, unit tests, the sandbox cluster

.PHONY: lint
lint: .venv/ready ## ruff (all rules), formatting, pyright (strict), import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright --project pyproject.toml
	.venv/bin/lint-imports

.PHONY: unit
unit: .venv/ready ## minutes: Pulumi's mocks, pure functions, servers on loopback
	$(SANDBOX) compile actionlint oasdiff promtool
	.venv/bin/pytest tests/unit tests/simulation -n 2 --dist loadfile

# A seed that fails is printed as a script, and does the same again: make simulate SEEDS=123.
export SEEDS ?= 0:3000

.PHONY: simulate
simulate: .venv/ready ## minutes: the protocol of a flip under faults, on a virtual clock; SEEDS=123 runs one seed again
	$(PYTHON) -m tests.simulation --seeds "$$SEEDS" --jobs 2

COVERAGE = $(UV) run --frozen --quiet --with coverage==7.17.5 coverage
PROTOCOL := infra/teal_infra/hooks/guard.py infra/teal_infra/hooks/starting.py $(patsubst %,teal/%.py,gates/approvals \
	history/approval history/lease history/model history/store model/live routers/alb routers/gateway routers/selector \
	routers/workers) $(wildcard teal/flip/*.py teal/flip/watching/*.py)
comma := ,

.PHONY: simulate-coverage
simulate-coverage: .venv/ready ## which branches of the protocol the simulation takes, and which lines it never reaches
	mkdir -p .sandbox
	$(COVERAGE) erase --data-file=.sandbox/coverage
	export PYTHONHASHSEED=0 PYTHONWARNINGS=ignore:coroutine:RuntimeWarning; for with in "" --balances --retires --scrapes; do \
		$(COVERAGE) run --append --branch --data-file=.sandbox/coverage \
		--include=$(subst $() ,$(comma),$(strip $(PROTOCOL))) -m tests.simulation --seeds "$$SEEDS" $$with || exit; done
	$(COVERAGE) report --data-file=.sandbox/coverage --show-missing

# In a sandbox of the tests' own. Its first start compiles what is missing, for longer than any test may take.
export TEAL_E2E_NAME ?= e2e
tested = trap '$(SANDBOX) down --name '$$TEAL_E2E_NAME EXIT; $(SANDBOX) up --metrics --name $$TEAL_E2E_NAME && \
	.venv/bin/pytest

.PHONY: e2e
e2e: .venv/ready ## minutes: the program on a sandbox cluster of its own, then on another what needs one for itself
	failed=0; ($(tested) tests/sandbox -n 4 --dist loadgroup -m 'not alone and not soak') || failed=$$?; \
	($(tested) tests/sandbox -m 'alone and not soak') || failed=$$?; exit $$failed

.PHONY: soak
soak: .venv/ready ## the better part of an hour: what `make test` does once, many times: flips while pods die, late rules, kills, rollbacks
	$(tested) tests/sandbox -m soak

.PHONY: pictures
pictures: .venv/ready ## the picture of `teal ui` in docs/, made anew during a flip; Chromium has to be on PATH
	TEAL_PICTURES=$(CURDIR)/docs; export TEAL_PICTURES; $(tested) tests/sandbox/program/day2/test_ui.py -m soak -s

SPHINX = $(UV) run --frozen --quiet --no-project --with sphinx==8.2.3 --with myst-parser==4.0.1 --with furo==2025.9.25 \
	--with sphinxcontrib-mermaid==1.0.0 sphinx-build

.PHONY: docs
docs: .venv/ready ## the pages of docs/ as a site, in .sandbox/docs; a page that nothing leads to is an error
	$(SPHINX) --quiet --fail-on-warning --keep-going --doctree-dir .sandbox/docs/.doctrees docs .sandbox/docs/html

# Into which decisions errors are put, one at a time: gates, plans and the flip ([tool.mutmut] in pyproject.toml).
MUTMUT = $(UV) run --frozen --quiet --with mutmut==3.8.1 mutmut

.PHONY: mutate
mutate: .venv/ready ## half an hour: errors put into the decisions, and which of them no unit test finds
	$(MUTMUT) run
	$(MUTMUT) results
	$(MUTMUT) export-cicd-stats

.PHONY: bench
bench: .venv/ready ## how previews and updates grow with services, and flips beside bare patches; in a sandbox of its own
	$(PYTHON) -m bench growth $(ARGS)
	$(PYTHON) -m bench flips
	$(PYTHON) -m bench decide
	$(PYTHON) -m bench rules $(if $(TF_PLUGINS),--plugins $(TF_PLUGINS))

.PHONY: clean-all
clean-all: ## end all sandboxes of this work tree; delete the caches and everything that was built
	if [ -x $(PYTHON) ]; then $(SANDBOX) clean-all; fi
	rm -rf mutants .sandbox .delivery .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: gate-tools
gate-tools: .venv/ready ## oasdiff, which the contract gate runs, in .venv/bin
	ln -sf "$$($(PYTHON) -m sandbox compile oasdiff)" .venv/bin/oasdiff

.PHONY: actionlint
actionlint: .venv/ready ## the workflows, as GitHub would read them
	"$$($(PYTHON) -m sandbox compile actionlint)" -shellcheck= -pyflakes=

# What the workflows do, step by step (docs/workflows.md).
include .github/delivery.mk

.venv/ready: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --quiet
	touch $@

$(TEAL_CACHE)/uv/bin/uv:
	mkdir -p $(TEAL_CACHE)
	python3 -m venv $(TEAL_CACHE)/uv || { \
		apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv && \
		python3 -m venv --clear $(TEAL_CACHE)/uv; }
	$(TEAL_CACHE)/uv/bin/pip install --quiet --disable-pip-version-check --no-cache-dir uv==$(UV_VERSION)

quote = '$(subst ','\'',$(1))'
