# Everything runs in .venv, made from requirements.lock. `make train` is the way in.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: train test test-slow test-cluster services gate lint docs picture ui tables results benchmarks bench bench-serve lock browser pictures wheel clean

train: .venv/ready  ## train on the sample corpus, register the best, classify a few headlines
	$(BIN)/classifier train
	$(BIN)/classifier predict --format table "손흥민, 개막전 멀티골…토트넘 3-1 승" "한은, 기준금리 동결…“물가 더 지켜봐야”" \
		"與野, 예산안 처리 막판 줄다리기" "[단독] 배우 A씨, 5년 열애 끝 결혼" "누리호 4차 발사 성공…위성 교신 확인"

test: .venv/ready  ## the suite, a part on each core
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

test-slow: .venv/ready  ## the tests that take half a minute or more each
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m slow tests

pictures: .venv/ready browser  ## take the pictures of the UI anew, from this folder's store
	$(BIN)/python -m scripts.pictures

gate: .venv/ready  ## fit the recipe of record and hold its figure on dev to the floor
	$(BIN)/python -m pytest -rs -m gate tests/test_gate.py tests/pages

test-cluster: .venv/cluster services  ## a shared store in PostgreSQL, Dask and Spark, each on this machine alone
	$(BIN)/python -m pytest -rs -m cluster tests/cluster

lint: .venv/ready  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/ready  ## the documentation, into docs/_build; a warning is an error
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build

picture: .venv/ready  ## draw the packages and their imports for docs/concepts/architecture.md
	$(BIN)/python scripts/architecture.py

ui: .venv/ready  ## the MLflow UI on this store
	$(BIN)/classifier ui

tables: .venv/ready  ## write the tables of experiments/README.md from experiments/results
	$(BIN)/python experiments/tables.py

results: .venv/ready  ## publish the figures of the trainings in models/, rounded, and write the tables from them
	$(BIN)/python experiments/publish.py
	$(BIN)/python experiments/tables.py

benchmarks: .venv/ready  ## measure the parts that experiments/README.md has figures of
	for name in near_duplicates mixture labelling label_errors doubted_labels articles accuracy calibration reliability elsewhere unlabelled sections8; do \
		PYTHONPATH=experiments $(BIN)/python -m benchmarks.$$name || exit 1; done

bench: .venv-bench/ready  ## measure speed against the peers: fastText, bare Kiwi, a network of BERT-base's shape (needs models/ynat-best)
	for name in fasttext_accuracy speed parts growth streaming; do \
		PYTHONPATH=experiments .venv-bench/bin/python -m benchmarks.$$name || exit 1; done
	.venv-bench/bin/python experiments/tables.py
	.venv-bench/bin/python experiments/tables.py --print speed

bench-serve: .venv/ready  ## load the server with wrk, beside MLflow's server (needs a champion)
	command -v wrk >/dev/null || (apt-get update -q && apt-get install -y -q wrk)
	PYTHONPATH=experiments $(BIN)/python -m benchmarks.serve

# The peers are large and nobody needs them to use or develop this project, so they have an environment of their own.
.venv-bench/ready: requirements.lock pyproject.toml experiments/benchmarks/peers.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r experiments/benchmarks/peers.txt
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

browser:  ## Chromium and a font with Hangul from Debian's packages, for the browser test (needs root)
	command -v chromium >/dev/null && fc-list | grep -q Nanum || (apt-get update -q && apt-get install -y -q chromium fonts-nanum fontconfig)

services:  ## the programs of `make test-cluster` from Debian's packages (needs root)
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || (apt-get update -q && apt-get install -y -q postgresql)
	command -v java >/dev/null || (apt-get update -q && apt-get install -y -q openjdk-17-jre-headless)

wheel: .venv/ready  ## train the sample and build the wheel into dist/, with the model in it
	$(BIN)/python -m scripts.wheel

# The lock is made anew by hand when pyproject.toml changes; uv resolves for every platform at once.
lock:
	uv pip compile pyproject.toml --extra train --extra serve --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --output-file requirements.lock
	uv pip compile pyproject.toml --extra train --extra serve --extra dask --extra postgres --extra spark --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --constraint requirements.lock \
		--output-file requirements-cluster.lock

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# The same environment with what a cluster needs beside it; equal packages have equal versions in both locks.
.venv/cluster: .venv/ready requirements-cluster.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-cluster.lock
	touch $@

clean:  ## remove the environment and what the tools leave
	rm -rf .venv .venv-bench dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
