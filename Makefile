# The commands of this project. `make help` lists them.
# Nothing needs to be installed first but Python 3.11 and make: each target brings what it misses.

PORT ?= 8000
VENV := .venv
PYTHON := $(VENV)/bin/python
FLASK := $(VENV)/bin/flask --app wsgi
GUNICORN := $(VENV)/bin/gunicorn --config gunicorn.conf.py wsgi:app
DEMO := TRACKER_MODE=demo TRACKER_INSTANCE=$(CURDIR)/instance/demo TRACKER_BASE_URL=http://127.0.0.1:$(PORT)
SHELL := /bin/bash
# modules are compiled once, not again at each start: half of the time to start
unexport PYTHONDONTWRITEBYTECODE
# `make test` runs every integration test on PostgreSQL too: of a test that is repeated with other values the first case,
# all of them where databases are the subject (tests/databases.py). Every case of every test: make test-postgresql
ON_BOTH := tests/integration tests/torture/test_parallel_votes.py tests/torture/test_faults.py
TORTURE_ON_BOTH := parallel_votes faults kills copies_under_load

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset serve test test-on-both test-postgresql torture torture-here soak lint format screenshots messages bench lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: $(VENV)/run ## Load the demonstration if it is not there, and serve it on http://127.0.0.1:8000 (PORT= changes it)
	@scripts/install-pdf
	@$(DEMO) $(FLASK) db upgrade 2>/dev/null
	@$(DEMO) $(FLASK) demo load
	@echo "Demonstration: http://127.0.0.1:$(PORT)   (Ctrl+C stops it)"
	@$(DEMO) PORT=$(PORT) exec $(GUNICORN)

demo-reset: $(VENV)/run ## Throw the demonstration away and start it afresh
	rm -rf instance/demo
	@$(MAKE) --no-print-directory demo PORT=$(PORT)

serve: $(VENV)/run ## Run the production server on what DATABASE_URL names (see README, Run it for real)
	@$(FLASK) db upgrade
	@$(FLASK) users first-link
	@PORT=$(PORT) exec $(GUNICORN)

test: $(VENV)/dev ## Check style and types, then run every test, browser tests included
	@scripts/install-browser
	@scripts/install-pdf
	@scripts/fetch-nginx
	@scripts/install-postgresql
	@echo "Checking style and types, and the integration tests on PostgreSQL …"
	@$(MAKE) --no-print-directory --output-sync=target -j2 lint test-on-both
	@$(VENV)/bin/pytest -n 2 --dist loadscope --no-loadscope-reorder

test-on-both: $(VENV)/dev
	@TRACKER_TEST_DATABASE=postgresql TRACKER_TEST_CASES=first \
		$(VENV)/bin/pytest -n 2 --dist loadfile -m "not demo" -r fE $(ON_BOTH)

test-postgresql: $(VENV)/dev ## Run every case of the integration tests on a PostgreSQL of their own, started and ended with them
	@scripts/install-postgresql
	@TRACKER_TEST_DATABASE=postgresql $(VENV)/bin/pytest -n 2 --dist loadfile tests/integration

torture: $(VENV)/dev ## Try in full what `make test` shortens, in the background with a log (RECORD=1 writes docs/torture.md)
	@scripts/install-browser
	@scripts/install-postgresql
	@scripts/in-background torture $(MAKE) --no-print-directory torture-here

# the odd requests alone in their process, whose memory they measure
torture-here:
	@failed=0; \
	TRACKER_TESTS=thorough $(VENV)/bin/pytest -n 2 \
		$$(grep -rlE --include='test_*.py' '@given|from tests.effort import' tests | grep -v test_fuzz) || failed=1; \
	TRACKER_TESTS=thorough $(VENV)/bin/pytest tests/torture/test_fuzz.py || failed=1; \
	TRACKER_TESTS=thorough TRACKER_TEST_DATABASE=postgresql $(VENV)/bin/pytest $(TORTURE_ON_BOTH:%=tests/torture/test_%.py) || failed=1; \
	exit $$failed

soak: $(VENV)/run ## Fifteen minutes at half the load that can be answered (MINUTES=), in the background with a log
	@scripts/in-background soak $(PYTHON) -m bench.soak

lint: $(VENV)/dev ## Check style, types, imports, templates and packages
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/bandit -c pyproject.toml -q -r tracker wsgi.py gunicorn.conf.py
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/djlint --lint --quiet tracker/templates
	@$(VENV)/bin/pip check

format: $(VENV)/dev ## Put the code in the house style
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

screenshots: $(VENV)/dev ## Take the pictures of the README and of the user guide from a demonstration of its own
	@scripts/install-browser
	@$(PYTHON) scripts/screenshots.py

messages: $(VENV)/dev ## Bring the catalogue of English words up to date, and list what has none
	@$(PYTHON) scripts/messages.py

bench: $(VENV)/run ## Measure the main pages against a floor page of the same stack (needs wrk; SCALE=100 on a hundredfold programme; RECORD=1 writes docs/performance.md)
	@$(PYTHON) -m bench.$(if $(filter-out 1,$(SCALE)),scale,run)

lock: $(VENV)/dev ## Compile the locked requirements from the .in files
	$(VENV)/bin/uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --quiet requirements.in -o requirements.txt
	$(VENV)/bin/uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --quiet requirements-dev.in -o requirements-dev.txt
	$(VENV)/bin/uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --quiet requirements-ldap.in -o requirements-ldap.txt

clean: ## Remove the virtual environment and caches; the data stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# pip comes last: what a failed first try left behind has none
$(VENV)/bin/pip:
	@echo "Making the virtual environment $(VENV) …"
	@python3 -m venv $(VENV) >/dev/null 2>&1 || { scripts/install-venv && python3 -m venv $(VENV); }

$(VENV)/run: requirements.txt | $(VENV)/bin/pip
	@echo "Installing what the application needs …"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/run
	@echo "Installing what the tests need …"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
