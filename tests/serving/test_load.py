"""A real load generator against the server: no failed request at any number of connections."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = """wrk.method="POST"
wrk.body='{"instances": [1.0]}'
response = function(status, headers, body)
  if status ~= 200 or not body:find("2.5", 1, true) then print("WRONG", status, body) end
end
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
@pytest.mark.parametrize("batching", [False, True])
def test_no_request_fails(
    start_server, sample_models: Path, tmp_path: Path, batching: bool
) -> None:
    server = start_server(
        "--model_name=m",
        f"--model_base_path={sample_models / 'half_plus_two'}",
        f"--enable_batching={str(batching).lower()}",
    )
    script = tmp_path / "post.lua"
    script.write_text(SCRIPT)
    url = f"http://127.0.0.1:{server.rest_port}/v1/models/m:predict"
    for connections in (1, 8, 64, 512):
        command = ["wrk", "-t1", f"-c{connections}", "-d2s", "--timeout", "20s", "-s", str(script)]
        done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
        assert "WRONG" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
        [(count)] = re.findall(r"(\d+) requests in", done.stdout)
        assert int(count) >= connections
    assert server.stop() == 0
