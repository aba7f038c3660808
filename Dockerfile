# syntax=docker/dockerfile:1
# Targets: app (API or UI, bundle in a volume; the default), bundled (a bundle built in), hosted (model hosting).
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS wheels
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Compilers for packages that have no wheel for this platform; none of it reaches the other stages.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential libsqlite3-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
# Dependencies first: a change of the code leaves this layer alone.
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY docker/list_dependencies.py docker/
# With the clients of PostgreSQL, Redis, RabbitMQ and NATS, which are loaded only where settings name one.
RUN python docker/list_dependencies.py pyproject.toml cluster > /tmp/dependencies.txt \
    && pip install --constraint constraints.txt --requirement /tmp/dependencies.txt
COPY src src
COPY app app
COPY ui ui
RUN pip install --no-deps .

FROM python:${PYTHON} AS app
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 movierec \
    && useradd --uid 10001 --gid movierec --no-create-home --home-dir /data movierec \
    && install --directory --owner movierec --group movierec /data /opt/movierec
COPY --from=wheels /opt/venv /opt/venv
WORKDIR /opt/movierec
COPY --chown=movierec:movierec .streamlit .streamlit
COPY --chown=movierec:movierec ui ui
COPY --chown=movierec:movierec scripts/run_ui.py scripts/run_ui.py
COPY --chown=movierec:movierec reports/evaluation reports/evaluation
COPY --chown=movierec:movierec reports/simulation reports/simulation
COPY --chmod=755 docker/start.sh docker/check.py /usr/local/bin/
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/tmp/numba \
    MOVIEREC_HOME=/data
USER 10001:10001
VOLUME /data
EXPOSE 8000 8501
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=15m --retries=3 CMD ["python", "/usr/local/bin/check.py"]
ENTRYPOINT ["start.sh"]
CMD ["api"]

FROM app AS bundled
ARG DATASET=sample
ENV MOVIEREC_HOME=/opt/movierec/home MOVIEREC_DATASET=${DATASET}
RUN mkdir /opt/movierec/home && movierec build --dataset "${DATASET}"

FROM app AS hosted
# The platform starts the image with the argument "serve", mounts the unpacked model archive (the content of a home:
# bundles/) at /opt/ml/model and asks /ping and /invocations on this port.
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
USER 0:0
RUN install --directory --owner movierec --group movierec /opt/ml/model
USER 10001:10001
ENV MOVIEREC_HOME=/opt/ml/model MOVIEREC_API_PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m --retries=3 CMD ["python", "/usr/local/bin/check.py", "8080", "/ping"]
ENTRYPOINT []
CMD ["serve"]

FROM app
