# make check   judge a client (CLIENT=redis-py==4.5.1 for another); ends well whenever a verdict was reached
# make test    all tests                    make lint, make types   style and typing
# make proofs  all that makes us sure of the models (THOROUGH=1 for larger sizes)
# make field   the suite against real releases in other languages with known bugs (ROWS="I2 G1" for a few)
# make bench   how fast the reference is, beside other clients (QUICK=1 for fewer rounds)
# make drivers build the drivers of clients in other languages (what has no toolchain here is skipped)
# make clean   remove what was built

CLIENT ?= redis-py
PYTHON ?= python3
BIN := .venv/bin

.PHONY: check test lint types proofs field bench drivers clean

check: .venv/ready
	@$(BIN)/poolproof check $(CLIENT); code=$$?; [ $$code -le 2 ] || exit $$code

test: .venv/ready
	$(BIN)/pytest -n auto --dist loadfile

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/mypy
	$(BIN)/pyright

proofs: .venv/ready
	$(BIN)/poolproof proofs $(if $(THOROUGH),--thorough)

field: .venv/ready
	$(BIN)/python -m tests.field $(ROWS)

bench: .venv/bench
	$(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick)

drivers: .venv/ready
	$(BIN)/poolproof driver build

.venv/bench: .venv/ready
	$(BIN)/pip install --quiet --editable '.[bench]'
	@touch $@

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
