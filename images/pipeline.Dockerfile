# The image that runs the pipeline: its commands, and the steps of a compiled one.
#
#   docker build --file images/pipeline.Dockerfile --tag pipeline:1 .
#   docker run --rm --volume "$PWD/output:/home/pipeline/output" pipeline:1 --config taxi
FROM ubuntu:24.04

# Ubuntu withdraws old versions of packages, so none is pinned; all that decides results is in the lock.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3.12 python3.12-venv \
    && rm -rf /var/lib/apt/lists/*

# glibc here is 2.39, so the registry's wheels are used as they are: nothing is relinked.
COPY install/*.txt /opt/install/
ENV PATH=/opt/venv/bin:$PATH
RUN python3.12 -m venv /opt/venv \
    && pip install --no-cache-dir --require-hashes --requirement /opt/install/uv.txt \
    && uv pip install --no-cache --python /opt/venv/bin/python --no-deps --require-hashes \
        --build-constraints /opt/install/build.txt --requirement /opt/install/requirements.txt \
        --compile-bytecode

RUN useradd --create-home --uid 10001 pipeline
COPY --chown=pipeline . /opt/pipeline
# TFX starts its steps by module name, wherever it is.
ENV PYTHONPATH=/opt/pipeline TF_CPP_MIN_LOG_LEVEL=2
USER 10001
WORKDIR /home/pipeline
ENTRYPOINT ["python", "/opt/pipeline/run_local.py"]
