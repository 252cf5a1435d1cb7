# The image of every Airflow service in docker-compose.yml: exactly the packages of requirements.lock.
FROM python:3.12.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    AIRFLOW_HOME=/opt/airflow \
    SCHOOL_QUALITY_HOME=/app \
    SCHOOL_QUALITY_DATA=/data

# Nobody logs in as this user; volumes inherit the ownership of these folders when they are first made.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin school \
    && mkdir -p /opt/airflow/logs /data/inbox \
    && chown -R school:school /opt/airflow /data

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-deps --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY dags dags
COPY dbt_project dbt_project
COPY expectations expectations
COPY data/examples data/examples
COPY plugins plugins
RUN pip install --no-deps --editable .

USER 10001:10001
CMD ["school-quality", "doctor"]
