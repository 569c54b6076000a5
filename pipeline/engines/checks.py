"""What can be known of a cluster before anything is started: each check is a sentence, or nothing."""

import json
import re
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TIMEOUT = 5.0
"""Seconds; a healthy server on a network answers in milliseconds."""


def endpoint(address: str, what: str, cure: str) -> list[str]:
    """Nobody listens at `host:port`.

    Args:
      address: `host:port`.
      what: what should listen there, as the subject of a sentence.
      cure: how to get it to.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit() or not host:
        return [f"{what}: expected host:port, such as localhost:8099. Received: '{address}'"]
    try:
        socket.create_connection((host.strip("[]"), int(port)), TIMEOUT).close()
    except OSError as error:
        return [f"{what} does not answer at {address} ({error.strerror or error}): {cure}"]
    return []


def flink_master(url: str, parallelism: int, cure: str) -> list[str]:
    """The JobManager is away, of another version, or has too few slots."""
    if urlsplit(url).scheme not in ("http", "https"):
        return [
            f"engine.flink_master: expected http://host:port, such as http://10.0.0.5:8081. Received: '{url}'"
        ]
    try:
        version = str(get(f"{url}/config").get("flink-version", "unknown"))
        slots = int(get(f"{url}/overview").get("slots-total", 0))
    except (OSError, ValueError) as error:
        return [f"no Flink JobManager answers at {url} ({error}): {cure}"]
    found = []
    if not version.startswith(("1.19.", "1.20.")):
        found.append(
            f"the cluster at {url} is Flink {version}; Beam's batch translation that we use is the "
            "one for 1.19 and 1.20: start such a cluster"
        )
    if slots < parallelism:
        found.append(
            f"the cluster has {slots} task slots, and engine.parallelism is {parallelism}: add task "
            f"managers, or --set engine.parallelism={max(slots, 1)}"
        )
    return found


def get(url: str) -> dict[str, Any]:
    """The JSON object at an address, asked directly and not through a proxy.

    Raises:
      OSError: no answer, or an error.
      ValueError: the answer is no JSON object.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=TIMEOUT) as answer:
            found = json.load(answer)
    except urllib.error.URLError as error:
        raise OSError(str(error.reason)) from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found


def java(which: str | None = None) -> list[str]:
    """No Java that Beam's job server and Flink 1.20 run on."""
    command = which or shutil.which("java")
    cure = "install Java 17 (Debian, Ubuntu: apt-get install openjdk-17-jre-headless)"
    if command is None:
        return [f"no `java` on PATH: {cure}"]
    try:
        done = subprocess.run(
            [command, "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return [f"`{command} -version` fails ({error}): {cure}"]
    match = re.search(r'version "(\d+)', done.stderr + done.stdout)
    version = int(match[1]) if match else 0
    if version not in (11, 17):
        return [
            f"{command} is Java {version or 'of an unknown version'}; 11 or 17 is needed: {cure}"
        ]
    return []


def job_server_jar(path: Path, kind: str, beam_version: str) -> list[str]:
    """The jar is away, or is of another engine or Beam version (which fails far from here).

    Args:
      path: the jar.
      kind: what its name must start with, such as `beam-runners-flink-1.20-job-server`.
      beam_version: ours.
    """
    wanted = f"{kind}-{beam_version}.jar"
    cure = (
        f"mvn dependency:copy -Dartifact=org.apache.beam:{kind}:{beam_version} "
        f"-DoutputDirectory={path.parent}"
    )
    if not path.is_file():
        return [f"no job server jar at {path}: {cure}"]
    if path.name != wanted:
        return [f"engine.job_server_jar is {path.name}; this Beam needs {wanted}: {cure}"]
    return []


def folder(path: str, what: str) -> list[str]:
    """A folder that several machines share does not exist or cannot be written."""
    if not path:
        return [f"{what} is not set: name a folder that this machine and every worker see"]
    place = Path(path)
    if not place.is_dir():
        return [f"{what}: no folder {place}: create it where all machines see it"]
    probe = place / ".pipeline-can-write"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        return [f"{what}: {place} cannot be written ({error.strerror}): change its owner or mode"]
    return []
