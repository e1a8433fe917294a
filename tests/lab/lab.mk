# The laboratory's targets, included by the Makefile. WITH=vault,consul,servers,testcontrol adds what it names; IN=client
# chooses the shell's namespace.

LAB := python3 -m tests.lab
WITH ?=
IN ?= site

.PHONY: lab-up lab-status lab-down lab-check lab-build lab-env lab-shell
lab-up: ## Bring the laboratory up (WITH=vault,consul,servers,testcontrol adds these; servers: two more Nomad servers)
	@$(LAB) up --with '$(WITH)'

lab-status: ## Show each part of the laboratory; fails unless all are ready
	@$(LAB) status

lab-down: ## Take every laboratory of this machine away without a trace
	@$(LAB) down --all

lab-check: ## List what is left of all laboratories; fails unless it is nothing
	@$(LAB) check --all

lab-build: ## Build the laboratory's programs into the cache
	@$(LAB) build --with '$(WITH)'

lab-env: ## Print shell exports: eval "$(make -s lab-env)"
	@$(LAB) env

lab-shell: ## Open a shell in a namespace (IN=wan, site, exit1, exit2, client, outsider)
	@$(LAB) shell $(IN)
