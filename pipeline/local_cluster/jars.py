"""The jars of Flink and of Beam's job servers, fetched once through Maven and pip, kept in a cache."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

FLINK = {"1.19": "1.19.3", "1.20": "1.20.5"}
"""{Flink's line: version of PyPI's apache-flink-libraries, which holds Flink's own jars and nothing
to install}."""


@dataclass(frozen=True)
class Server:
    """A job server of Beam."""

    main: str
    """Its Java class."""
    artifacts: tuple[str, ...]
    """`group:artifact:version` in Maven; what they depend on comes with them."""


# Runners by themselves, of an older Beam than ours: their job servers' fat jars are not everywhere to
# be had. The Job API and the workers' API are Beam's contract between versions; tests run our
# components through these very servers (docs/engines.md).
OLDER = "2.62.0"
SPARK = "3.5.0"
SERVERS = {
    "flink-1.19": Server(
        "org.apache.beam.runners.flink.FlinkJobServerDriver",
        (f"org.apache.beam:beam-runners-flink-1.19:{OLDER}",),
    ),
    "spark": Server(
        "org.apache.beam.runners.spark.SparkJobServerDriver",
        (
            f"org.apache.beam:beam-runners-spark-3:{OLDER}",
            f"org.apache.spark:spark-core_2.12:{SPARK}",
            f"org.apache.spark:spark-streaming_2.12:{SPARK}",
        ),
    ),
}

POM = """<project>
<modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>job-server</artifactId><version>1</version>
<dependencies>{dependencies}</dependencies>
</project>
"""
DEPENDENCY = (
    "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
)


class JarError(RuntimeError):
    """A jar cannot be had; the message says which, and how to get it by hand."""


def cache() -> Path:
    """Where they are kept, for all projects of this user."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "tfx-production-pipeline"


def job_server(line: str) -> list[str]:
    """The words after `java` that start Beam's job server.

    Args:
      line: `flink-1.19`, `spark`: a runner and all it depends on. `flink-1.20`: Beam's own fat jar, of our
        Beam version.

    Raises:
      JarError: it is not in the cache and Maven did not bring it.
    """
    if line in SERVERS:
        return ["-cp", f"{_class_path(line)}/*", SERVERS[line].main]
    return ["-jar", str(_fat_jar(f"beam-runners-{line}-job-server"))]


def _class_path(line: str) -> Path:
    artifacts = SERVERS[line].artifacts
    place = cache() / f"job-server-{line}-{artifacts[0].rpartition(':')[2]}"
    if place.is_dir():
        return place
    by_hand = f"copy {' and '.join(artifacts)} with their dependencies into {place}"
    with tempfile.TemporaryDirectory(dir=_made(cache())) as folder:
        described = "".join(DEPENDENCY.format(*artifact.split(":")) for artifact in artifacts)
        Path(folder, "pom.xml").write_text(POM.format(dependencies=described), encoding="utf-8")
        _maven(folder, by_hand, "copy-dependencies", f"-DoutputDirectory={folder}/jars")
        Path(folder, "jars").rename(place)
    return place


def _fat_jar(name: str) -> Path:
    version = importlib.metadata.version("apache-beam")
    jar = cache() / f"{name}-{version}.jar"
    if jar.is_file():
        return jar
    artifact = f"org.apache.beam:{name}:{version}"
    with tempfile.TemporaryDirectory(dir=_made(cache())) as folder:
        by_hand = f"put {jar.name} ({artifact}) into {cache()}"
        _maven(folder, by_hand, "copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}")
        Path(folder, jar.name).replace(jar)
    return jar


def _maven(folder: str, by_hand: str, goal: str, *settings: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise JarError(
            f"Beam's job server is fetched with Maven: apt-get install maven, or {by_hand}"
        )
    command = [maven, "--batch-mode", "--quiet", "-Dstyle.color=never"]
    command += [f"org.apache.maven.plugins:maven-dependency-plugin:3.8.1:{goal}", *settings]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = done.stdout + done.stderr
        absent = re.search(r"Could not find artifact (\S+)|(\S+) was not found", said)
        why = (
            f"its repository does not have {absent[1] or absent[2]}"
            if absent
            else said.strip()[:300]
        )
        raise JarError(f"Maven did not bring Beam's job server ({why}): {by_hand}")


def flink(line: str) -> Path:
    """The folder with Flink's `lib/` and `bin/bash-java-utils.jar`.

    Args:
      line: 1.19 or 1.20.

    Raises:
      JarError: it is not in the cache and pip did not bring it.
    """
    version = FLINK[line]
    place = cache() / f"flink-{version}"
    if place.is_dir():
        return place
    with tempfile.TemporaryDirectory(dir=_made(cache())) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--no-build-isolation", "--dest", folder]
        done = subprocess.run(
            [*command, f"apache-flink-libraries=={version}"], capture_output=True, text=True
        )
        archives = list(Path(folder).glob("*.tar.gz"))
        if done.returncode or not archives:
            said = done.stderr.strip().splitlines() or ["no message"]
            raise JarError(
                f"pip did not bring apache-flink-libraries {version} ({said[-1]}): unpack deps/ of "
                f"its source distribution as {place}"
            )
        with tarfile.open(archives[0]) as archive:
            archive.extractall(folder, filter="data")
        [deps] = Path(folder).glob("*/deps")
        deps.rename(place)
    return place


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
