# What developers and continuous integration run. `make` alone lists the targets.

.DEFAULT_GOAL := help
.PHONY: help install demo api ui test test-spark check audit format evaluate bench chaos cards lock clean

# The data of demo and evaluate: sample, a known name, a folder or a zip.
DATASET ?= sample
# Interpreter for the virtual environment; the first of 3.11 and newer if not given.
PYTHON ?=
# Size of the bundle that bench draws instead of building one: 100k, 1m, 5m or 20m, as MovieLens has them.
SCALE ?=
# More arguments for the program behind a target, as in: make test ARGS="tests/cli -x"
ARGS ?=

# Programs keep their byte code, whatever the shell says: without it each start compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
# Installed again when what is to be installed, or the place of the project, changes.
KEY := $(shell { cat pyproject.toml constraints.txt; pwd; } | cksum | cut -d ' ' -f 1)
INSTALLED := $(VENV)/.installed-$(KEY)
INSTALLED_REPORT := $(VENV)/.installed-report-$(KEY)
INSTALLED_TEST := $(VENV)/.installed-test-$(KEY)
INSTALLED_CHECK := $(VENV)/.installed-check-$(KEY)
INSTALLED_AUDIT := $(VENV)/.installed-audit-$(KEY)
# PySpark needs a pandas before 3, so its tests live by themselves, too.
SPARK_VENV := .venv-spark
INSTALLED_SPARK := $(SPARK_VENV)/.installed-$(shell { cat pyproject.toml constraints-spark.txt; pwd; } | cksum | cut -d ' ' -f 1)
# Semgrep pins other versions of what MovieRec uses, so it lives by itself.
INSTALLED_SEMGREP := $(VENV)/.installed-semgrep-$(shell cksum < constraints-semgrep.txt | cut -d ' ' -f 1)
SEMGREP := SEMGREP_SETTINGS_FILE=$(VENV)/semgrep/settings.yml SEMGREP_LOG_FILE=$(VENV)/semgrep/semgrep.log \
	$(VENV)/semgrep/bin/semgrep scan --metrics off --disable-version-check
# What static analysis looks at.
SCANNED := src app ui scripts benchmarks chaos
# In the arguments of a function a plain comma would separate.
comma := ,
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1@\2/p' Makefile | while IFS=@ read -r name text; do \
		printf '%-16s%s\n' "$$name" "$$text"; done

install: $(INSTALLED) ## Create .venv and install MovieRec into it

demo: $(INSTALLED) ## Build, start API and UI, print their addresses (DATASET=name, folder or zip)
	@exec $(BIN)/python scripts/run_demo.py --dataset '$(DATASET)'

api: $(INSTALLED) ## Serve the current bundle over HTTP
	@exec $(BIN)/movierec serve $(ARGS)

ui: $(INSTALLED) ## Start the Streamlit app; it expects the API to run
	@exec $(BIN)/python scripts/run_ui.py $(ARGS)

test: $(INSTALLED_TEST) ## Run all tests
	$(BIN)/python -m pytest $(ARGS)

test-spark: $(INSTALLED_SPARK) ## Run the tests of the build on Spark, in an environment of their own (Java 17)
	$(SPARK_VENV)/bin/python -m pytest tests/spark $(ARGS)

check: $(INSTALLED_CHECK) $(INSTALLED_SEMGREP) ## Style, types, import rules, dependencies, spelling, security
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/codespell
	$(BIN)/bandit -q -ll -r $(SCANNED)
	$(SEMGREP) --test --config .semgrep/rules.yml .semgrep/rules.py
	$(SEMGREP) --error --quiet --config .semgrep/rules.yml $(SCANNED)

audit: $(INSTALLED_AUDIT) ## Ask the advisory database about every pinned package; fails where it gives no answer
	$(BIN)/python scripts/audit_dependencies.py

format: $(INSTALLED_CHECK) ## Format the code and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# With MOVIEREC_DATASETS the two sets whose results are committed, unless DATASET names another.
evaluate: $(INSTALLED_REPORT) ## Measure everything, write reports/evaluation (DATASET=…; ARGS="--quick" or "--protocol …" narrows)
	@real=$${MOVIEREC_DATASETS:-} && set -- '$(DATASET)' && \
	if [ -n "$$real" ] && [ '$(origin DATASET)' = file ]; then set -- ml-100k ml-latest-small; fi && \
	exec $(BIN)/python scripts/evaluate.py "$$@" $(or $(ARGS),--extras)

bench: $(INSTALLED) ## Measure what a request costs, write reports/benchmarks.md (DATASET=…; SCALE=20m draws a bundle)
	@if [ -n '$(SCALE)' ]; then exec $(BIN)/python benchmarks/serving.py --scale '$(SCALE)' $(ARGS); fi && \
	home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && \
	$(BIN)/movierec build --home "$$home" --dataset '$(DATASET)' && \
	$(BIN)/python benchmarks/serving.py --home "$$home" $(ARGS)

chaos: $(INSTALLED_TEST) ## Break it on purpose, write reports/reliability.md (ARGS="--list", "--only NAME", "--effort 0.1")
	$(BIN)/python scripts/run_chaos.py $(ARGS)

cards: $(INSTALLED) ## Write reports/models: the sample's card, with MOVIEREC_DATASETS also two MovieLens sets
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && \
	real=$${MOVIEREC_DATASETS:-} && set -- sample && \
	{ [ -z "$$real" ] || set -- "$$@" "$$real/ml-100k" "$$real/ml-latest-small"; } && \
	for dataset in "$$@"; do \
		$(BIN)/movierec build --home "$$home" --dataset "$$dataset" --card reports/models || exit; \
	done

lock: ## Resolve all dependencies anew and write constraints.txt
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	python=$$($(FIND_PYTHON)) && "$$python" -m venv "$$folder/venv" && \
	echo "resolving (a minute or two) …" && \
	"$$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check -e '.[test,check,audit]' && \
	"$$folder/venv/bin/python" -m pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' > "$$folder/pins" && \
	{ echo '# Written by `make lock`: every package of the default, test, check and audit sets.'; cat "$$folder/pins"; } \
		> constraints.txt && \
	echo "constraints.txt: $$(grep -c == constraints.txt) packages"

clean: ## Remove .venv, caches and build leftovers; data/ stays
	rm -rf $(VENV) $(SPARK_VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Prints the interpreter to use, or says what is missing. The pins were resolved for 3.11, so it goes first.
define FIND_PYTHON
for name in $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3); do \
	if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
		command -v "$$name"; exit 0; \
	fi; \
done; \
echo "MovieRec needs Python 3.11 or newer, found none as $(or $(PYTHON),python3); \
install it or name it: make PYTHON=/path/to/python3.11 …" >&2; exit 2
endef

$(VENV)/.created:
	@python=$$($(FIND_PYTHON)) || exit 2; \
	echo "creating $(VENV) with $$("$$python" --version) …"; \
	"$$python" -m venv $(VENV) || { \
		echo "the module venv of $$python does not work; on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }
	@touch $@

# Quiet but for errors: what pip warns about is seldom about this project.
define INSTALL
@echo "installing $(1) (a minute or two, once) …"
@$(PIP) install -qq -c constraints.txt -e '$(2)'
@rm -f $(3)*
@touch $@
endef

$(INSTALLED): | $(VENV)/.created
	$(call INSTALL,MovieRec,.,$(VENV)/.installed-[0-9])

$(INSTALLED_REPORT): | $(VENV)/.created
	$(call INSTALL,MovieRec and what its reports need,.[report$(comma)lightgbm],$(VENV)/.installed-report-)

$(INSTALLED_TEST): | $(VENV)/.created
	$(call INSTALL,MovieRec and what its tests need,.[test],$(VENV)/.installed-test-)

# With what the tests need: the chaos programs use it, and types are checked through it.
$(INSTALLED_CHECK): | $(VENV)/.created
	$(call INSTALL,MovieRec and what its checks need,.[check$(comma)test],$(VENV)/.installed-check-)

$(INSTALLED_AUDIT): | $(VENV)/.created
	$(call INSTALL,MovieRec and what its audit needs,.[audit],$(VENV)/.installed-audit-)

$(INSTALLED_SPARK):
	@echo "installing Spark by itself (some minutes, once) …"
	@python=$$($(FIND_PYTHON)) || exit 2; "$$python" -m venv $(SPARK_VENV)
	@$(SPARK_VENV)/bin/python -m pip install -qq --disable-pip-version-check --no-input -c constraints-spark.txt \
		-e '.[spark]' pytest pytest-timeout hypothesis
	@rm -f $(SPARK_VENV)/.installed-*
	@touch $@

$(INSTALLED_SEMGREP): | $(VENV)/.created
	@echo "installing Semgrep by itself (a minute, once) …"
	@$(BIN)/python -m venv --clear $(VENV)/semgrep
	@$(VENV)/semgrep/bin/python -m pip install -qq --disable-pip-version-check --no-input -c constraints-semgrep.txt semgrep
	@rm -f $(VENV)/.installed-semgrep-*
	@touch $@
