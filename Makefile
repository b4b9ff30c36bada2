# Needs python3 and make. `make env` builds .venv from the lock; everything else uses it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stamp
SOURCES := $(wildcard src tests bench)
# Pass e.g. `make test ARGS="tests/stock -x"`.
ARGS   ?=
# Each worker has a PostgreSQL of its own; `make test WORKERS=0` runs everything in one process.
WORKERS ?= 2
# The rooms whose tables a sharded engine would spread, and the stories that cross all rooms.
BY_PART := $(wildcard $(addprefix tests/,stock orders sourcing fulfillment payment journey))

.PHONY: env test test-by-part check lint types demo bench chaos browser lock clean

env: $(STAMP)

# Done again only when the lock or the project file changes. hatchling is in the lock, so that
# nothing outside of it is ever installed.
$(STAMP): requirements-dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# Debian's Chromium drives the browser tests; without it and without the right to install it, those
# tests say that they were skipped.
browser:
	@command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 \
	     && apt-get update -qq >/dev/null \
	     && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium \
	        >/dev/null; } \
	|| echo "make: no Chromium here and none could be installed: browser tests will be skipped"

test: env browser
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

# The hot tables hash-partitioned by `part`: PostgreSQL then refuses what a sharded engine would.
test-by-part: env
	EVERYSHELF_TEST_BY_PART=1 $(BIN)/python -m pytest -n $(WORKERS) $(BY_PART)

lint: env
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

types: env
	$(BIN)/mypy --strict $(SOURCES)

# What CI runs.
check: lint types test-by-part test

demo: env
	$(BIN)/everyshelf demo $(ARGS)

bench: env
	$(BIN)/python -m bench $(ARGS)

chaos: env
	$(BIN)/python -m pytest tests/chaos -m chaos $(ARGS)

# Renews both locks within the bounds of pyproject.toml; needs uv.
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --quiet
lock:
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --extra dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
