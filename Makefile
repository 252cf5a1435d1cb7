# School Quality Warehouse. A newcomer needs two targets: run and test.
PYTHON ?= python3
DATA ?= data
YEAR ?= 2022

BIN := .venv/bin
READY := .venv/.ready

BI := .venv-bi/bin
BI_READY := .venv-bi/.ready

.PHONY: help run up bi bi-lock test test-quick lint quick slow format lock hooks clean

help:
	@echo "make run         пример района: от файлов до карточек школ и опубликованного хранилища"
	@echo "make up          Airflow на этой машине: страницы, запуск по расписанию; остановить Ctrl-C"
	@echo "make bi          панели Superset на этой машине, на копии в PostgreSQL или на файле DuckDB; остановить Ctrl-C"
	@echo "make test        все проверки: стиль, типы, SQL, тесты"
	@echo "make test-quick  то же без долгих тестов"
	@echo "make lint        только стиль, типы и SQL"
	@echo "make format      привести код к стилю"
	@echo "make lock        обновить файл версий requirements.lock (нужен uv)"
	@echo "make hooks       проверки перед каждым коммитом (pre-commit)"
	@echo "make clean       удалить окружение и кэши; данные остаются"

# The environment is made once, and again when the lock or the package's metadata change. The lock is complete:
# --no-deps installs exactly it (an old pip would ask for hashes of extras, too).
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Нужен Python 3.11, 3.12 или 3.13; другой можно указать так: make PYTHON=python3.12 …"; exit 2; }
	@echo "Готовим окружение .venv (один раз, обычно 1-3 минуты) …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet --no-deps --editable .
	@touch $@

run: $(READY)
	@$(BIN)/school-quality examples --data $(DATA)
	@$(BIN)/school-quality run --year $(YEAR) --data $(DATA) || test $$? -eq 3

up: $(READY)
	@SCHOOL_QUALITY_DATA=$(abspath $(DATA)) exec $(BIN)/python -m school_quality.server up

# Superset needs older libraries than the rest, so it has an environment of its own.
$(BI_READY): bi/superset/requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || \
		{ echo "Superset нужен Python 3.11 или 3.12; другой можно указать так: make bi PYTHON=python3.12"; exit 2; }
	@echo "Готовим окружение .venv-bi для Superset (один раз, обычно 2-3 минуты, 900 МБ) …"
	@$(PYTHON) -m venv .venv-bi
	@$(BI)/python -m pip --disable-pip-version-check install --quiet --quiet --no-deps --require-hashes -r bi/superset/requirements.lock
	@touch $@

bi: $(BI_READY)
	@SCHOOL_QUALITY_DATA=$(abspath $(DATA)) exec $(BI)/python bi/superset/serve.py up

# Each worker takes the next whole file, in the order of tests/conftest.py: the longest first.
SPREAD := --numprocesses 2 --dist loadfile --no-loadscope-reorder

test: test-quick slow

test-quick: lint quick

quick: $(READY)
	$(BIN)/python -m pytest $(SPREAD) -m "not slow"

slow: $(READY)
	$(BIN)/python -m pytest $(SPREAD) -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt_project/models dbt_project/tests docs/queries plugins/school_quality/warehouse

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --disable-progress-bar dbt_project/models dbt_project/tests

lock:
	uv pip compile pyproject.toml --extra dev --extra production --universal --generate-hashes --upgrade \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --output-file requirements.lock

bi-lock:
	uv pip compile bi/superset/requirements.in --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --output-file bi/superset/requirements.lock

hooks: $(READY)
	$(BIN)/pre-commit install

clean:
	rm -rf .venv .venv-bi .airflow .mypy_cache .ruff_cache .pytest_cache .hypothesis dbt_project/target dbt_project/logs
