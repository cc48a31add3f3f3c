# Everything one does with this tree. `make` alone lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

TAURI_CLI := @tauri-apps/cli@2.12.5
UI_SOURCES := $(shell find ui docs/recipes -name node_modules -prune -o -path ui/dist -prune -o -type f -print)

.PHONY: help run test fuzz torture bench bench-window bench-js build flagctl ui package clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: ui ## Install what is missing, build, and open the window
	cargo run --release --bin flagdeck

test: ## Install what is missing, then check everything: format, lints, all tests (ALL=1: what passed before, too)
	@tools/test.sh

fuzz: ## Try every reader on made-up inputs: make fuzz SECONDS=600 TARGET=document
	@tools/need.sh compile
	FUZZ_SECONDS=$(or $(SECONDS),60) FUZZ_SEED=$${FUZZ_SEED:-$$RANDOM} cargo test --no-default-features --test fuzz -- $(TARGET)

torture: ## Kill programs, damage files and the like at random: make torture SECONDS=600 RIG=flip SEED=7
	@tools/need.sh compile
	TORTURE_SECONDS=$(or $(SECONDS),60) TORTURE_SEED=$(or $(SEED),$$RANDOM) TORTURE_ROUNDS=$(ROUNDS) cargo test --no-default-features --test torture -- $(RIG)

bench: ## Measure all but the window, in release
	@tools/need.sh compile
	cargo bench --workspace --no-default-features --benches

bench-window: ui ## Measure the real window, in release: make bench-window PART=memory
	@tools/need.sh test
	cargo bench --bench window -- $(PART)

bench-js: js/node_modules/.stamp ## Measure the modules for web pages, in Chromium
	node js/bench/chromium.mjs

build: ui ## Build the window and flagctl, in release
	cargo build --release --bins

flagctl: ## Build flagctl alone: needs neither webkit nor Node
	@tools/need.sh compile
	cargo build --release --no-default-features --bin flagctl

ui: ## Build the page the window shows
	@tools/need.sh window
	@$(MAKE) ui/dist/index.html

package: ui ## Make the packages for Debian and Fedora, in target/release/bundle
	node tools/licences.mjs target/licences/copyright
	npx --yes $(TAURI_CLI) build --bundles deb,rpm

clean: ## Remove everything that was built or fetched
	cargo clean
	rm -rf ui/dist ui/node_modules js/node_modules tests/clients/node_modules

ui/dist/index.html: ui/node_modules/.stamp $(UI_SOURCES)
	cd ui && npm run build

ui/node_modules/.stamp: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	touch $@

js/node_modules/.stamp: js/package-lock.json
	cd js && npm ci --no-audit --no-fund
	touch $@
