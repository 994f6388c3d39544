# One image for every role: `roadbed serve` by default, `roadbed migrate upgrade` and every other command by its name.
# No feature of BuildKit is used: every builder reads this. Who must go through a proxy or a mirror of their own hands in
# bases that know it (NODE_IMAGE, PYTHON_IMAGE).
ARG NODE_IMAGE=node:22.17.1-bookworm-slim
ARG PYTHON_IMAGE=python:3.11.13-slim-bookworm

FROM ${NODE_IMAGE} AS console
WORKDIR /build/console
COPY console/package.json console/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY console/ ./
RUN npm run --silent build

FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /build
# The environment that goes into the image gets no pip: the one of the tools fills it.
RUN python -m venv /build/tools && python -m venv --without-pip /opt/roadbed
COPY requirements/build.txt requirements/postgres.txt requirements/
RUN /build/tools/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
    && /build/tools/bin/pip --python /opt/roadbed/bin/python install --no-cache-dir --require-hashes \
        --only-binary :all: --requirement requirements/postgres.txt
COPY pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY src/ src/
COPY --from=console /build/console/dist/ console/dist/
RUN /build/tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && /build/tools/bin/pip --python /opt/roadbed/bin/python install --no-cache-dir --no-deps dist/roadbed-*.whl
COPY deploy/image/ /opt/roadbed/image/
COPY console/package-lock.json /opt/roadbed/image/

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Roadbed" \
    org.opencontainers.image.description="Turns a declared domain into a production service" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    io.roadbed.sbom="/opt/roadbed/image/sbom.cdx.json"
COPY --from=wheel /opt/roadbed/ /opt/roadbed/
# Nothing that installs or builds stays behind.
RUN groupadd --gid 10001 roadbed \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/roadbed --shell /usr/sbin/nologin roadbed \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/roadbed \
    && rm -rf /usr/local/lib/python3*/site-packages/* /usr/local/lib/python3*/ensurepip /usr/local/bin/pip* \
    && /opt/roadbed/bin/python /opt/roadbed/image/sbom.py /opt/roadbed/image/package-lock.json \
        >/opt/roadbed/image/sbom.cdx.json
ENV PATH=/opt/roadbed/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ROADBED_HOST=0.0.0.0 \
    ROADBED_DATA=/var/lib/roadbed
WORKDIR /var/lib/roadbed
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-I", "/opt/roadbed/image/healthcheck.py"]
CMD ["roadbed", "serve"]
