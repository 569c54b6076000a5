"""pipeline/reports/serve.py and index.py: the reports over real HTTP on loopback, and nothing else."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.reports import index, serve


@pytest.fixture
def port(tmp_path: Path, make_run: Any) -> Iterator[int]:
    """A server over one pipeline with two runs, and files that are none of its business."""
    for run_id, auc in (("20260101-000000", 0.8), ("20260102-000000", 0.9)):
        folder = make_run(id=run_id, verdict={"metrics": {"": {"auc": auc, "log_loss": auc / 2}}})
    (folder / "report.html").write_text("<p>a report</p>")
    (folder / "log.txt").write_text("<script>a log</script>")
    (folder / "model.bin").write_text("secret")
    (tmp_path / "made" / "secret.txt").write_text("secret")
    (tmp_path.parent / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path.parent / "secret.txt")
    server = serve.make_server(tmp_path, 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def get(port: int, path: str, host: str = "localhost", method: str = "GET") -> tuple[int, str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, headers={"Host": f"{host}:{port}"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers.get_content_type(), body


def test_the_index_lists_runs_and_trends(port: int) -> None:
    status, kind, body = get(port, "/")
    assert (status, kind) == (200, "text/html")
    assert 'href="made/runs/20260102-000000/report.html"' in body
    assert "20260101-000000" in body and 'href="made/runs/20260101-000000' not in body  # no page
    assert body.count('class="dot s0"') == 4  # two metrics over two runs


def test_looks_at_requests_are_listed_and_served(tmp_path: Path, make_run: Any) -> None:
    folder = make_run(id="1").parents[1] / "monitor"
    folder.mkdir()
    rows = [{"column": name, "drifted": name != "fare"} for name in ("<b>", "fare")]
    made = {"drift": {"rows": rows}, "columns": {"anomalies": []}, "facts": ["2 requests."]}
    (folder / "20260103-000000.json").write_text(json.dumps(made))
    for name in ("20260103-000000.html", "20260104-000000.html"):  # the second one is not whole
        (folder / name).write_text("page")
    [pipeline] = index.build(tmp_path)
    assert [one["id"] for one in pipeline["monitored"]] == ["20260104-000000", "20260103-000000"]
    assert pipeline["monitored"][1]["drifted"] == ["<b>"]
    name = pipeline["name"]
    assert f'href="{name}/monitor/20260103-000000.html"' in index.html(tmp_path)
    assert "▲ &lt;b&gt;" in index.html(tmp_path)
    server = serve.make_server(tmp_path, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with server:
        port = server.server_address[1]
        assert get(port, f"/{name}/monitor/20260103-000000.html")[2] == "page"
        server.shutdown()


def test_files_of_runs_are_served_as_what_they_are(port: int) -> None:
    assert get(port, "/made/runs/20260102-000000/report.html")[:2] == (200, "text/html")
    assert get(port, "/made/runs/20260102-000000/log.txt")[:2] == (200, "text/plain")
    assert get(port, "/", method="HEAD")[::2] == (200, "")


@pytest.mark.parametrize(
    "path",
    [
        "/made/secret.txt", "/made/runs/../secret.txt", "/made/runs/%2e%2e/secret.txt",
        "/../secret.txt", "/made/runs/20260102-000000/model.bin", "/made/runs", "//etc/passwd",
        "/made/runs/20260102-000000/link.txt", "/made/runs/x%00.txt", "/made/artifacts/x.json",
    ],
)  # fmt: skip
def test_nothing_else_is_served(port: int, path: str) -> None:
    status, _, body = get(port, path)
    assert status == 404 and "secret" not in body


def test_only_localhost_is_answered(port: int) -> None:
    assert get(port, "/", host="evil.example")[0] == 403
    assert get(port, "/", host="127.0.0.1")[0] == 200


def test_a_port_in_use_is_told(port: int, tmp_path: Path, capsys: Any) -> None:
    assert serve.serve(tmp_path, port) == 2
    assert f"port {port}" in capsys.readouterr().err


def test_no_runs_yet(tmp_path: Path) -> None:
    assert "python run_local.py" in index.html(tmp_path)


def test_a_trend_knows_which_way_is_up(tmp_path: Path, make_run: Any) -> None:
    for run_id, value in (("1", 0.3), ("2", 0.2), ("3", 0.4)):
        make_run(id=run_id, verdict={"metrics": {"": {"auc": value, "log_loss": value}}})
    [pipeline] = index.build(tmp_path)
    best = {trend["key"]: (trend["best"], trend["values"]) for trend in pipeline["trends"]}
    assert best == {"auc": (0.4, [0.3, 0.2, 0.4]), "log_loss": (0.2, [0.3, 0.2, 0.4])}
