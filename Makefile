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

# Imports of the SDKs are compiled once, also where the environment says otherwise: `up` takes half the time.
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
test: lint unit e2e ## everything: lint, types, import contracts, unit tests, the sandbox cluster

.PHONY: lint
lint: .venv/ready ## ruff (all rules), formatting, pyright (strict), import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright --project pyproject.toml
	.venv/bin/lint-imports

.PHONY: unit
unit: .venv/ready ## seconds: Pulumi's mocks, pure functions, servers on loopback
	.venv/bin/pytest tests/unit

.PHONY: e2e
e2e: .venv/ready ## minutes: the program on a sandbox cluster of its own
	.venv/bin/pytest tests/sandbox

.PHONY: bench
bench: .venv/ready ## how previews and updates grow with services, and flips beside bare patches; in a sandbox of its own
	$(PYTHON) -m bench growth $(ARGS)
	$(PYTHON) -m bench flips
	$(PYTHON) -m bench decide
	$(PYTHON) -m bench rules $(if $(TF_PLUGINS),--plugins $(TF_PLUGINS))

.PHONY: conformance
conformance: .venv/ready ## the same scenarios on the embedded engine and, where it is on PATH, on Pulumi's own
	.venv/bin/pytest tests/conformance -rs

.PHONY: clean-all
clean-all: ## end all sandboxes of this work tree; delete the caches and everything that was built
	if [ -x $(PYTHON) ]; then $(SANDBOX) clean-all; fi
	rm -rf .sandbox .delivery .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache

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
