SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
COLLECTION := build/ansible_collections/notailcar/nomad
PIP_OF_ANSIBLE_TEST := $(HOME)/.ansible/test/cache/get_pip_25_2.py
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/collections
# ansible-lint and molecule would ask Galaxy for what is not needed.
export ANSIBLE_LINT_OFFLINE := true

.PHONY: help venv format lint sanity docs test-unit test-integration molecule test demo clean

help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

include tests/lab/lab.mk

venv: $(VENV)/ready ## Make the Python environment of the tools

$(VENV)/ready: tests/requirements.txt
	python3 -m venv $(VENV) || { apt-get install --yes --quiet python3-venv && python3 -m venv $(VENV); }
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	touch $@

demo: venv lab-up ## Bring up the laboratory, deploy two services, show the proof
	python -m tests.demo

test: lint sanity docs ## Everything that CI runs
	pytest

test-unit: venv ## The unit tests
	pytest tests/unit

test-integration: venv ## The integration tests on the laboratory, molecule among them
	pytest tests/integration

molecule: venv lab-up ## The molecule scenario on the laboratory
	cd extensions && molecule test

format: venv ## Format the Python code
	ruff format .
	ruff check --fix .

lint: venv ## Formatter, linters, types
	ruff format --check .
	ruff check .
	mypy plugins/module_utils plugins/plugin_utils
	yamllint --strict .
	shellcheck roles/workload/files/*.sh .ci/run
	ansible-lint
	antsibull-changelog lint

sanity: build | $(PIP_OF_ANSIBLE_TEST) ## ansible-test sanity on the built collection, without an ignore file
	cd $(COLLECTION) && ansible-test sanity --local --python default --color no

docs: build ## Lint the documentation of plugins and roles
	ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/build antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck $(COLLECTION)

build: venv ## Build the collection and install it below build/
	rm -rf build/dist $(COLLECTION)
	ansible-galaxy collection build --output-path build/dist
	ansible-galaxy collection install --force --offline --collections-path build build/dist/*.tar.gz

$(PIP_OF_ANSIBLE_TEST): tests/get_pip.py
	install -D --mode=0644 $< $@

clean: lab-down ## Remove what the targets made
	rm -rf build $(VENV)
