# Two commands on a fresh Debian 12 machine: `make demo` and `make test`. Each does its own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
# dpkg, mkfs and mount lie where a root shell of `su` does not look.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin:/sbin
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-upgrade test prove lint bench lab-up lab-down lock

VENV := .venv
BIN := $(VENV)/bin
LAB ?= var/lab
SEED ?= 1
POINTS ?= 40
SAMPLE ?=

help:  ## what there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

setup: $(VENV)/.ready  ## Debian packages and the virtual environment
	@.ci/install-packages

$(VENV)/.ready: requirements.lock pyproject.toml
	@python=$$(.ci/find-python); echo "Building $(VENV) with $$python"; \
	$$python -m venv $(VENV); \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement requirements.lock; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .; \
	$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

demo: setup  ## a small fleet from real parts, swept by the Prefect flow, and its report
	@$(BIN)/python -m deployments.lab.demo

demo-upgrade: setup  ## one case from the ticket to the upgraded appliance, and back
	@$(BIN)/python -m deployments.lab.demo_upgrade

test: setup  ## every test but the long matrices
	@$(BIN)/python -m pytest -q -m "not prove" --numprocesses 3 --dist loadscope --no-loadscope-reorder

prove: setup  ## the long matrices; SEED, POINTS of each matrix and SAMPLE of the crash tests make them shorter
	@UPLIFT_PROVE_SEED=$(SEED) UPLIFT_PROVE_POINTS=$(POINTS) UPLIFT_PROVE_SAMPLE=$(SAMPLE) \
	    $(BIN)/python -m pytest -q -m prove --numprocesses 2 --dist loadscope --no-loadscope-reorder

lint: setup  ## ruff, mypy and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup  ## what is promised about speed
	@$(BIN)/python -m benchmarks.fleet_file
	@$(BIN)/python -m benchmarks.sweep
	@$(BIN)/python -m benchmarks.report

lab-up: setup  ## a lab to play with, in LAB (default var/lab)
	@$(BIN)/uplift lab up --dir $(LAB) --appliances 2 --swarm 50

lab-down: setup  ## remove the lab in LAB
	@$(BIN)/uplift lab down --dir $(LAB)

lock: setup  ## compile requirements.lock anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet pip-tools
	@$(BIN)/pip-compile --quiet --extra dev --strip-extras --no-emit-index-url --no-emit-trusted-host \
	    --no-emit-find-links --no-annotate --no-header --allow-unsafe --output-file requirements.lock pyproject.toml
