# One image per member: SERVICE is a folder of services/, or `sandbox`, or `deploy` (migrations).
# Build from the root of the repository: docker build -f deploy/service.Dockerfile --build-arg SERVICE=escrow .
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
FROM ${PYTHON_IMAGE} AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
WORKDIR /app
COPY requirements.lock pyproject.toml ./
# The builder's own tools, the same for every image.
RUN --mount=type=cache,target=/root/.cache \
    awk '/^(uv|uv-build)==/ { on = 1 } on { print } on && !/\\$/ { on = 0 }' requirements.lock > tools.txt \
    && pip install -q --require-hashes -r tools.txt
ARG SERVICE
COPY libs libs
COPY services services
COPY sandbox sandbox
COPY deploy deploy
# The image gets what this member needs and no more; every line must stand in the lock as it is.
RUN --mount=type=cache,target=/root/.cache \
    case "$SERVICE" in \
         sandbox) set -- sandbox; wanted=$* ;; \
         deploy) set -- libs/* services/* deploy; wanted=$(echo libs/* deploy) ;; \
         *) set -- libs/* "services/$SERVICE"; wanted=$* ;; \
       esac \
    && uv pip compile -q --universal $(printf '%s/pyproject.toml ' $wanted) \
         --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
         --no-emit-package contracts-schema --no-emit-package chassis \
         -c requirements.lock -o wanted.txt \
    && if grep -vxFf requirements.lock wanted.txt; then echo "not in the lock"; exit 1; fi \
    && uv venv -q /venv \
    && uv pip install -q --python /venv --compile-bytecode --require-hashes -r wanted.txt \
    && pip wheel -q --no-deps --no-build-isolation -w wheels $(printf './%s ' "$@") \
    && uv pip install -q --python /venv --compile-bytecode --no-deps --no-index wheels/*.whl

FROM ${PYTHON_IMAGE}
ARG SERVICE
ENV PATH=/venv/bin:$PATH HOLDFAST_SERVICE=$SERVICE HOLDFAST_ROOT=/app PYTHONUNBUFFERED=1
COPY --from=build /venv /venv
COPY deploy/topology.toml /app/deploy/topology.toml
RUN useradd --system --uid 10001 --no-create-home holdfast && mkdir /app/.holdfast \
    && chown holdfast /app/.holdfast
USER 10001
WORKDIR /app
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=2)"]
CMD ["sh", "-c", "exec python -m \"$(echo \"$HOLDFAST_SERVICE\" | tr - _)\""]
