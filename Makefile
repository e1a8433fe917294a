SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
# Tests mostly wait: so many laboratories at a time keep two cores busy (tests/lanes.py).
LANES := 5
COLLECTION := build/ansible_collections/notailcar/nomad
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/collections
# What `make unit` gives to pytest; without it all unit tests run.
T :=
# Plain lines: they are read in logs.
export MOLECULE_COMMAND_BORDERS := false

.PHONY: help demo test lint sanity docs unit test-integration molecule bench bench-docs format build venv clean

help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

demo: venv lab-up ## Bring up the laboratory, deploy two services, show the proof
	python -m tests.demo

# Linters and checks use one core each; the programs come before the lanes, which need them.
test: venv ## Everything that CI runs
	$(MAKE) --jobs 2 --output-sync=recurse lint sanity docs
	$(LAB) build --with vault,consul,servers,testcontrol
	pytest --numprocesses $(LANES)

lint: venv ## Formatter, linters, types: the hooks of .pre-commit-config.yaml
	pre-commit run --all-files

# The pattern matches everything; without one, "nothing to test" would be a success.
sanity: build ## ansible-test sanity on the built collection, without an ignore file
	python tests/get_pip.py
	version=$$(python -c 'import sysconfig; print(sysconfig.get_python_version())'); \
	cd $(COLLECTION) && ansible-test sanity --local --python $$version --color no '.*'

docs: build ## Lint the documentation of plugins and roles
	ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/build antsibull-docs lint-collection-docs \
		--plugin-docs --validate-collection-refs all --disallow-unknown-collection-refs $(COLLECTION)

unit: venv ## The unit tests, or some of them: T=FILE, T=FILE::TEST, T='-k WORD'
	pytest --override-ini testpaths=tests/unit $(T)

test-integration: venv ## The integration tests on the laboratory, molecule among them
	pytest tests/integration

molecule: venv lab-up ## The molecule scenarios on the laboratory
	environment=$$(python3 -m tests.lab env); eval "$$environment"; molecule test --all

bench: venv lab-up ## Measure this collection beside its peers; writes build/bench.json (a quarter of an hour)
	python -m tests.bench

bench-docs: ## Put what `make bench` measured last into docs/
	cp build/benchmarks.md build/benchmarks.svg docs/

format: venv ## Format the Python code
	ruff check --fix .
	ruff format .

# It becomes a repository of its own, because ansible-test sees only what git does not ignore.
build: venv ## Build the collection and install it below build/
	rm -rf build/dist $(COLLECTION)
	ansible-galaxy collection build --output-path build/dist
	ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/build \
		ansible-galaxy collection install --offline --collections-path build build/dist/*.tar.gz
	git init --quiet --initial-branch=main $(COLLECTION)

venv: $(VENV)/ready ## Make the Python environment of the tools

$(VENV)/ready: tests/requirements.txt
	python3 -c 'import ensurepip' 2>/dev/null || { apt-get -qq update && apt-get -qq install --yes python3-venv; }
	command -v busybox >/dev/null || { apt-get -qq update && apt-get -qq install --yes busybox-static; }
	python3 -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	touch $@

clean: lab-down ## Remove what the targets made
	rm -rf build $(VENV)

include tests/lab/lab.mk
