# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PECTEN := $(BIN)/pecten

.PHONY: help setup demo test check slow clean

help:
	@echo "make demo   install, then swap a face on the footage that ships with Pecten (pictures and report in demo/)"
	@echo "make test   install, then run every test"
	@echo "make check  ruff, mypy, import contracts, tests: what must pass before a push"
	@echo "make slow   the tests that take longer than a minute"
	@echo "make clean  remove the virtual environment and the demo"

setup: $(VENV)/.installed-run

# torch comes first and pinned: left to another package's range it may be a newer build with gigabytes of CUDA.
$(VENV)/.installed-run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Pecten needs Python 3.11 or newer, but this is " + sys.version.split()[0] + ": run make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q torch==2.13.0
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-run
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed-run
	$(PECTEN) demo -o demo

# A file of tests a process, each with one thread: as fast as there are cores.
test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/.installed-dev
	PATH="$(abspath $(BIN)):$$PATH" OMP_NUM_THREADS=1 scripts/check -n auto --dist loadfile

slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow

clean:
	rm -rf $(VENV) demo
