# The front door. Needs make and Python >= 3.11 with pip; everything else comes into .venv.
#   make setup | demo | test | lint | bench        PYTHON=... chooses the interpreter, ARGS=... is handed on

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TAP := $(VENV)/tap-ruddr
TAP_STAMP := $(TAP)/.installed
TAP_REQUIREMENTS := tests/contract/tap_ruddr/requirements.txt

.PHONY: setup demo test lint bench clean

setup: $(STAMP)

demo: $(STAMP)
	$(BIN)/crewtally demo $(ARGS)

test: $(STAMP) $(TAP_STAMP)
	$(BIN)/python -m pytest $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python bench/steps.py $(ARGS)
	$(BIN)/python bench/marts.py
	$(BIN)/python bench/push.py
	$(BIN)/python bench/push.py --dialect studio
	$(BIN)/python bench/diff.py
	$(BIN)/python bench/pull.py

clean:
	rm -rf $(VENV)

# A client of Ruddr's API that nobody here wrote, to judge the sandbox: it cannot share our environment. Ours has
# pip in any case, so that a Python without ensurepip will do.
$(TAP_STAMP): $(TAP_REQUIREMENTS) | $(STAMP)
	@echo "Setting up $(TAP), a client to test against."
	@$(BIN)/python -m venv --clear --without-pip $(TAP)
	@$(BIN)/python -m pip --python $(TAP)/bin/python install -q --disable-pip-version-check \
	    --no-deps --ignore-requires-python -r $(TAP_REQUIREMENTS)
	@touch $@

# A Debian Python without python3-venv has no ensurepip; its pip can still fill a virtual environment.
$(STAMP): pyproject.toml constraints.txt
	@set -eu; \
	if ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    for python in $(PYTHON) python3 python3.13 python3.12 python3.11 none; do \
	        if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
	    done; \
	    if [ $$python = none ]; then \
	        echo "crewtally needs Python 3.11 or newer; none found on the PATH." >&2; \
	        echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; \
	        exit 1; \
	    fi; \
	    echo "Setting up $(VENV) with $$($$python --version); the first time takes a minute or two."; \
	    $$python -m venv --clear $(VENV) 2>/dev/null || { \
	        $$python -m venv --clear --without-pip $(VENV); \
	        $$python -m pip --python $(BIN)/python install -q pip; \
	    }; \
	fi
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
