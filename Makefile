# `make demo` shows the main job, `make test` runs the tests; both make .venv first, once.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
DEMO := demo

.PHONY: venv demo test test-slow test-engines check format clean

venv: $(READY)

$(READY): pyproject.toml setup.py constraints.txt Makefile $(wildcard corpus/*/native/*.[ch]* corpus/*/*/native/*.[ch]*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which with: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || \
	  { echo "fasttext and the reader of pages are compiled here: install a C++ compiler first (Debian: apt-get install g++ python3-dev)"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (two minutes the first time)"
	@$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@$(PY) -m corpus.rules.language >/dev/null
	@touch $@

demo: $(READY)
	@$(PY) -m corpus.sample $(DEMO)/web
	@$(PY) -m pipelines.build_webtext --submissions '$(DEMO)/web/submissions/RS_*' --pages '$(DEMO)/web/crawl/*' --output $(DEMO)/webtext --replace
	@$(PY) -m pipelines.train_tokenizer --corpus $(DEMO)/webtext --vocab-size 512 --output $(DEMO)/tokenizer --replace
	@$(PY) -m pipelines.build_shards --source webtext=$(DEMO)/webtext:1 --tokenizer $(DEMO)/tokenizer --validation-share 0.1 --output $(DEMO)/shards --replace
	@$(PY) -m trainer.train --data $(DEMO)/shards --preset tiny --output $(DEMO)/run steps=200 batch_tokens=1536
	@echo && $(PY) -m trainer.sample $(DEMO)/run --tokenizer $(DEMO)/tokenizer --tokens 120 --temperature 0.8 --top-k 40

# A process per core; the tests of one file stay together, for what they build once.
test: $(READY)
	@$(PY) -m pytest -q --numprocesses auto --dist loadfile

# The properties of readers and rules, with 100,000 examples each.
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
