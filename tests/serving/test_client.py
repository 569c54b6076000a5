"""The client against a scripted server: requests sent, retries, errors, command line."""

import ast
import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from serving import client as client_module
from serving.client import Client, ServingClientError, csv_rows, main

INPUTS = {"miles": {"dtype": "DT_FLOAT"}, "company": {"dtype": "DT_STRING"}}


class Scripted(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list = []
    answers: list = []

    def do_GET(self):
        self.answer(None)

    def do_POST(self):
        self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def answer(self, body):
        self.seen.append((self.command, self.path, body))
        status, text = self.answers.pop(0)
        data = json.dumps(text).encode() if not isinstance(text, bytes) else text
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def scripted():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Scripted.seen, Scripted.answers = [], []
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def metadata(inputs):
    signatures = {"serving_default": {"inputs": inputs, "outputs": {}, "method_name": ""}}
    return {"model_spec": {}, "metadata": {"signature_def": {"signature_def": signatures}}}


def test_standard_library_only():
    tree = ast.parse(Path(client_module.__file__).read_text())
    roots = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])
    }  # fmt: skip
    assert roots <= sys.stdlib_module_names


def test_predict(scripted):
    Scripted.answers = [(200, {"predictions": [1]}), (200, {"outputs": {"y": [2]}})]
    with Client(scripted) as client:
        assert client.predict("a/b", [{"x": b"\xff"}], signature_name="s", label="l") == [1]
        assert client.predict("m", inputs={"x": [1, float("nan")]}, version=3) == {"y": [2]}
    assert Scripted.seen[0] == (
        "POST", "/v1/models/a%2Fb/labels/l:predict",
        {"signature_name": "s", "instances": [{"x": {"b64": "/w=="}}]},
    )  # fmt: skip
    assert Scripted.seen[1][1] == "/v1/models/m/versions/3:predict"


def test_retries_on_503_only(scripted):
    Scripted.answers = [(503, {"error": "full"}), (503, {"error": "full"}), (200, {"outputs": 1})]
    assert Client(scripted, backoff=0.01).predict("m", inputs=1) == 1
    Scripted.answers = [(400, {"error": "no such input"})]
    with pytest.raises(ServingClientError, match=r"no such input \(HTTP 400\)"):
        Client(scripted).predict("m", inputs=1)
    Scripted.answers = [(503, {"error": "full"})] * 3
    with pytest.raises(ServingClientError, match="full"):
        Client(scripted, backoff=0.01, retries=2).predict("m", inputs=1)
    assert not Scripted.answers


def test_unreachable():
    with pytest.raises(ServingClientError, match="Cannot reach http://127.0.0.1:9"):
        Client("http://127.0.0.1:9", retries=1, backoff=0.01).status("m")
    with pytest.raises(ServingClientError, match="Received: ftp://x"):
        Client("ftp://x")


def test_csv_rows():
    lines = ["miles,company,fare\n", "1.5,Taxi,3\n", ",,4\n"]
    rows = list(csv_rows(lines, INPUTS))
    assert rows[0] == {"miles": 1.5, "company": "Taxi"}
    assert rows[1]["miles"] != rows[1]["miles"]
    assert rows[1]["company"] == ""
    with pytest.raises(ServingClientError, match="lacks the columns company"):
        list(csv_rows(["miles\n"], INPUTS))
    with pytest.raises(ServingClientError, match="Line 2, column miles: expected DT_FLOAT"):
        list(csv_rows(["miles,company\n", "far,x\n"], INPUTS))


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_csv_rows_between_other_signs(sign):
    lines = [
        sign.join(cells) + "\n" for cells in (["a, b; c", "miles", "company"], ["x", "NA", "T"])
    ]
    lines[0] = lines[0].replace("a, b; c", '"a, b; c"')
    [row] = csv_rows(lines, INPUTS)
    assert row["miles"] != row["miles"] and row["company"] == "T"


def test_command_line(scripted, tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text("miles,company\n1,a\n2,b\n3,c\n")
    Scripted.answers = [
        (200, metadata(INPUTS)), (200, {"predictions": [0.5, 0.6]}), (200, {"predictions": [0.7]}),
    ]  # fmt: skip
    command = ["predict", "--url", scripted, "--model", "m", "--csv", str(rows), "--batch", "2"]
    assert main(command) == 0
    assert capsys.readouterr().out == "0.5\n0.6\n0.7\n"
    image = tmp_path / "a.png"
    image.write_bytes(b"\x89PNG")
    Scripted.answers = [
        (200, metadata({"image": {"dtype": "DT_STRING"}})), (200, {"predictions": [{"class": "x"}]}),
    ]  # fmt: skip
    assert main(["predict", "--url", scripted, "--model", "m", "--images", str(image)]) == 0
    assert Scripted.seen[-1][2] == {"instances": [{"image": {"b64": "iVBORw=="}}]}
    Scripted.answers = [(404, {"error": "Could not find any versions of model m"})]
    assert main(["status", "--url", scripted, "--model", "m"]) == 1
    assert "Could not find any versions of model m (HTTP 404)" in capsys.readouterr().err


def test_runs_as_a_module_without_site_packages():
    root = Path(client_module.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "serving.client", "--help"], cwd=root, capture_output=True
    )
    assert done.returncode == 0, done.stderr
