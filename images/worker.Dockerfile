# The image of Beam's workers: the lock and Beam's boot program. Our wheel comes with each job.
#
#   docker build --file images/worker.Dockerfile --tag worker:1 .
#
# For Flink and Spark beside each task manager, as a worker pool (engine.environment = "EXTERNAL"):
#   docker run --rm --publish 127.0.0.1:50000:50000 worker:1 --worker_pool
# For Dataflow: engine.dataflow.image. For engine.environment = "DOCKER": engine.worker.
FROM apache/beam_python3.12_sdk:2.77.0 AS beam

FROM ubuntu:24.04

# Ubuntu withdraws old versions of packages, so none is pinned; all that decides results is in the lock.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3.12 python3.12-venv \
    && rm -rf /var/lib/apt/lists/*

COPY install/*.txt /opt/install/
ENV PATH=/opt/venv/bin:$PATH
RUN python3.12 -m venv /opt/venv \
    && pip install --no-cache-dir --require-hashes --requirement /opt/install/uv.txt \
    && uv pip install --no-cache --python /opt/venv/bin/python --no-deps --require-hashes \
        --build-constraints /opt/install/build.txt --requirement /opt/install/requirements.txt \
        --compile-bytecode

# Beam's boot starts a worker, or with --worker_pool a pool of them; it installs what a job brings.
COPY --from=beam /opt/apache/beam /opt/apache/beam
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1 TF_CPP_MIN_LOG_LEVEL=2
# As in Beam's own image the user is root: boot installs into the environment above, and runners mount
# folders for it that only root may write to.
WORKDIR /opt/worker
ENTRYPOINT ["/opt/apache/beam/boot"]
