SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out
ARRAY ?= configs/arrays/edge.yaml
SWEEP ?= configs/sweeps/array-size.yaml
JOBS ?= 2

# Verilog is reproducible with the pinned Yosys only, whatever else is installed.
export AMARANTH_USE_YOSYS := builtin

.PHONY: help run install test test-long check prove coverage mutate verilog sim explore bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: install ## the whole path: train, generate, check in simulation, estimate, explore (WAVES=1: with waveform)
	$(BIN)/python -m bitnet_hw.demo -o $(OUT) $(if $(WAVES),--waves)

install: $(VENV)/installed ## the environment in .venv

# Development tools come with it, so that one environment serves `run` and `test`.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python must be 3.11 or newer, not " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[sim,models]' --group dev
	touch $@

# Only long tests place and route: a plain installation does without these large packages.
$(VENV)/fpga: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fpga]'
	touch $@

$(VENV)/mutation: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group mutation
	touch $@

test: install ## the tests a person runs, under 5 minutes
	$(BIN)/python -m pytest -m "not long and not icarus and not chromium" -n $(JOBS)

test-long: install $(VENV)/fpga ## the other tests: long ones, and those that need Icarus Verilog or Chromium
	$(BIN)/python -m pytest -m "long or icarus or chromium" -n $(JOBS)

check: install ## format, lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

prove: install ## what is proven of the hardware, for every input; broken twins must be refuted
	$(BIN)/python -m proofs --jobs $(JOBS)

coverage: install ## what the benches reach: cases by a plan, lines and bits; 100 % or a reason
	$(BIN)/python -m benchmarks.coverage --jobs $(JOBS)

mutate: install $(VENV)/mutation ## whether the benches notice: mutants of the netlist and of the Python
	$(BIN)/python -m benchmarks.mutate_hardware
	$(BIN)/python -m benchmarks.mutate_python

verilog: install ## Verilog and its description for ARRAY, in out/verilog
	$(BIN)/bitnet-hw generate $(ARRAY) -o $(OUT)/verilog

sim: install ## random jobs on ARRAY in cocotb and Verilator, against the golden model
	$(BIN)/bitnet-hw simulate $(ARRAY)

explore: install ## the sweep SWEEP, with its plot and report in out/explore
	$(BIN)/bitnet-hw explore $(SWEEP) -o $(OUT)/explore

bench: install ## utilization of a 64x64 array on the 3B shapes, measured in simulation
	$(BIN)/python benchmarks/utilization.py

clean: ## generated files, but not the environment
	rm -rf $(OUT) build
