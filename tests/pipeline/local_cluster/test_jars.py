"""pipeline/local_cluster/jars.py: what Maven cannot bring is said by name, with what to do by hand."""

from pathlib import Path

import pytest

from pipeline.commands import cluster
from pipeline.local_cluster import jars


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tfx-production-pipeline"


def maven(folder: Path, script: str) -> str:
    """A PATH whose `mvn` is a shell script, beside the system's own programs."""
    (folder / "bin").mkdir()
    (folder / "bin" / "mvn").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "bin" / "mvn").chmod(0o755)
    return f"{folder / 'bin'}:/usr/bin:/bin"


@pytest.mark.parametrize("line", ["flink-1.19", "flink-1.20", "spark"])
def test_without_maven(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(jars.JarError, match=r"apt-get install maven, or (put|copy) .*org\.apache"):
        jars.job_server(line)


def test_what_the_repository_does_not_have_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty_cache: Path
) -> None:
    absent = "org.apache.beam:beam-runners-flink-1.20-job-server:jar:2.77.0"
    said = f"echo '[ERROR] Could not find artifact {absent} in central'; exit 1"
    monkeypatch.setenv("PATH", maven(tmp_path, said))
    with pytest.raises(jars.JarError) as raised:
        jars.job_server("flink-1.20")
    assert f"does not have {absent}" in str(raised.value)
    assert f"into {empty_cache}" in str(raised.value)
    # Nothing half-made is taken for the real thing next time.
    assert list(empty_cache.iterdir()) == []


def test_the_class_path_is_asked_for_whole_and_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = (
        f'cp pom.xml "{tmp_path}/asked.xml"; echo >> "{tmp_path}/calls"\n'
        'for word in "$@"; do case $word in -DoutputDirectory=*) out=${word#*=};; esac; done\n'
        'mkdir -p "$out"; touch "$out/one.jar"'
    )
    monkeypatch.setenv("PATH", maven(tmp_path, script))
    words = jars.job_server("spark")
    assert words == jars.job_server("spark")
    assert (tmp_path / "calls").read_text() == "\n"
    flag, path, main = words
    assert flag == "-cp" and main == "org.apache.beam.runners.spark.SparkJobServerDriver"
    assert [jar.name for jar in Path(path).parent.iterdir()] == ["one.jar"]
    asked = (tmp_path / "asked.xml").read_text()
    for artifact in ("beam-runners-spark-3", "spark-core_2.12", "spark-streaming_2.12"):
        assert f"<artifactId>{artifact}</artifactId>" in asked


def test_nothing_is_started_for_a_server_that_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Java is there (a program that says so), the jar is not."""
    path = maven(tmp_path, "echo 'Could not find artifact a:b:jar:1 in central'; exit 1")
    (tmp_path / "bin" / "java").write_text("#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n")
    (tmp_path / "bin" / "java").chmod(0o755)
    monkeypatch.setenv("PATH", path)
    output = tmp_path / "output"
    assert cluster.main(["up", "--flink", "1.20", "--root", str(output)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ") and "a:b:jar:1" in said and "Traceback" not in said
    assert not output.exists()
