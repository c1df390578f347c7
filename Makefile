# `make demo` shows the main job, `make test` runs the tests. Each installs what it needs into .venv first, once, and says
# how much that is.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# One mark for each size of installation: the base, with PyTorch, with all that developers need.
BASE := $(VENV)/.base
TRAINING := $(VENV)/.train
READY := $(VENV)/.ready
DEMO := data/demo
SOURCES := pyproject.toml setup.py constraints.txt Makefile $(wildcard corpus/*/native/*.[ch]* corpus/*/*/native/*.[ch]*)

.PHONY: venv demo test test-fast test-slow test-engines check format clean

# $(call install,EXTRAS,SIZE). Without -g0 what is compiled here is thirty times as large.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which with: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || \
	  { echo "fasttext and the reader of pages are compiled here: install a C++ compiler first (Debian: apt-get install g++ python3-dev)"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): $(2); some minutes the first time"
	@CFLAGS=-g0 $(PY) -m pip install --quiet --constraint constraints.txt --editable '.$(1)'
	@touch $@
endef

venv: $(READY)

$(BASE): $(SOURCES)
	$(call install,,the base$(comma) 0.7 GB)

$(TRAINING): $(SOURCES)
	$(call install,[train],the base and PyTorch$(comma) 6 GB with CUDA$(comma) 2 GB where pip is set up for CPU builds)

$(READY): $(SOURCES)
	$(call install,[dev],everything for developers$(comma) 7 GB with CUDA$(comma) 3 GB where pip is set up for CPU builds)

comma := ,

# An installation for developers has all that the demo needs.
demo: $(or $(wildcard $(READY)),$(if $(TRAIN),$(TRAINING),$(or $(wildcard $(TRAINING)),$(BASE))))
	@examples/demo.sh $(PY) $(DEMO)

# Three processes for two cores (tests/conftest.py); the tests of one file stay together, for what they build once.
test: $(READY)
	@$(PY) -m pytest -q --numprocesses auto --dist loadfile --no-loadscope-reorder

# What is done to a document: no test of these starts a process.
test-fast: $(READY)
	@$(PY) -m pytest -q --numprocesses auto --dist loadfile -m 'fast and not slow' tests/corpus tests/classifiers tests/test_architecture.py tests/test_walks.py

# The properties of readers and rules with 100,000 examples each, and whatever takes minutes.
test-slow: $(READY)
	@$(PY) -m pytest -q -m slow

# Spark, a Spark cluster, Flink and Prism, by what is installed; SHORT=1 takes what fits into a few minutes.
test-engines: $(READY)
	@$(PY) -m pytest -q tests/engines -m 'engines$(if $(SHORT), and short)'

check: $(READY)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m pyright

format: $(READY)
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

clean:
	rm -rf $(VENV) $(DEMO) *.egg-info .pytest_cache .ruff_cache
