# make demo   the phantom and real cases: a report, then the workstation     (make demo ARGS=--no-serve: the report)
# make test   every test, two files at a time                                (make test ARGS="-n 0 -k surface": one)
# make check  lint, format, types
# Each sets up .venv from nothing when it has to; PYTHON names the interpreter to build it with (3.11 to 3.13).
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt

.PHONY: demo test check format clean

demo: $(VENV)/.workstation
	$(BIN)/contourqa demo $(ARGS)

# Tests start hundreds of processes, which compile every module anew where the environment forbids to keep them.
test: $(VENV)/.dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("ContourQA needs Python 3.11 to 3.13; name one: make PYTHON=python3.11") if not (3, 11) <= sys.version_info < (3, 14) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.workstation: pyproject.toml requirements/constraints.txt | $(BIN)/python
	$(PIP_INSTALL) -e '.[workstation]'
	touch $@

$(VENV)/.dev: pyproject.toml requirements/constraints.txt | $(BIN)/python
	$(PIP_INSTALL) -e '.[dev]'
	touch $@ $(VENV)/.workstation

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
