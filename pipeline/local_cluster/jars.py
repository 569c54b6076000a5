"""The jars of Flink and of Beam's job servers, fetched once through Maven and pip, kept in a cache."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FLINK = "1.20.5"
"""Of PyPI's apache-flink-libraries, which holds Flink's own jars and nothing to install."""

JOB_SERVERS = {
    "flink": "beam-runners-flink-1.20-job-server",
    "spark": "beam-runners-spark-3-job-server",
}
"""{kind of cluster: Maven artifact of org.apache.beam}."""


class JarError(RuntimeError):
    """A jar cannot be had; the message says which, and how to get it by hand."""


def cache() -> Path:
    """Where they are kept, for all projects of this user."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "tfx-production-pipeline"


def job_server(kind: str) -> Path:
    """The job server's jar for our Beam version.

    Raises:
      JarError: it is not in the cache and Maven did not bring it.
    """
    name, version = JOB_SERVERS[kind], importlib.metadata.version("apache-beam")
    jar = cache() / f"{name}-{version}.jar"
    if jar.is_file():
        return jar
    maven = shutil.which("mvn")
    by_hand = f"put {jar.name} (org.apache.beam:{name}:{version}) into {cache()}"
    if maven is None:
        raise JarError(
            f"Beam's job server is fetched with Maven: apt-get install maven, or {by_hand}"
        )
    with tempfile.TemporaryDirectory(dir=_made(cache())) as folder:
        command = [maven, "--batch-mode", "--quiet", "-Dstyle.color=never"]
        command += ["org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"]
        command += [f"-Dartifact=org.apache.beam:{name}:{version}", f"-DoutputDirectory={folder}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        found = Path(folder, jar.name)
        if done.returncode or not found.is_file():
            said = done.stdout + done.stderr
            absent = re.search("Could not find artifact|was not found", said)
            why = "its repository does not have it" if absent else said.strip()[:300]
            raise JarError(f"Maven did not bring {jar.name} ({why}): {by_hand}")
        found.replace(jar)
    return jar


def flink() -> Path:
    """The folder with Flink's `lib/` and `bin/bash-java-utils.jar`.

    Raises:
      JarError: it is not in the cache and pip did not bring it.
    """
    place = cache() / f"flink-{FLINK}"
    if place.is_dir():
        return place
    with tempfile.TemporaryDirectory(dir=_made(cache())) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--no-build-isolation", "--dest", folder]
        done = subprocess.run(
            [*command, f"apache-flink-libraries=={FLINK}"], capture_output=True, text=True
        )
        archives = list(Path(folder).glob("*.tar.gz"))
        if done.returncode or not archives:
            said = done.stderr.strip().splitlines() or ["no message"]
            raise JarError(
                f"pip did not bring apache-flink-libraries {FLINK} ({said[-1]}): unpack deps/ of its "
                f"source distribution as {place}"
            )
        with tarfile.open(archives[0]) as archive:
            archive.extractall(folder, filter="data")
        [deps] = Path(folder).glob("*/deps")
        deps.rename(place)
    return place


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
