"""pip's settings in uv's words."""

from pathlib import Path

from install.index import uv_environment

SETTINGS = """\
:env:.cert='/etc/ssl/own.pem'
:env:.default-timeout='180'
global.index-url='https://packages.example/simple'
global.extra-index-url='https://a.example/simple https://b.example/simple'
global.trusted-host='packages.example'
freeze.timeout='10'
"""


def test_settings_are_passed_on() -> None:
    assert uv_environment(SETTINGS, {"HOME": "/home/me"}) == {
        "HOME": "/home/me",
        "SSL_CERT_FILE": "/etc/ssl/own.pem",
        "UV_HTTP_TIMEOUT": "180",
        "UV_DEFAULT_INDEX": "https://packages.example/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "UV_INSECURE_HOST": "packages.example",
    }


def test_what_uv_was_told_stays() -> None:
    told = {"UV_DEFAULT_INDEX": "https://uv.example/simple", "SSL_CERT_FILE": "/etc/uv.pem"}
    result = uv_environment(SETTINGS, told)
    assert result["UV_DEFAULT_INDEX"] == "https://uv.example/simple"
    assert result["SSL_CERT_FILE"] == "/etc/uv.pem"
    older = uv_environment(SETTINGS, {"UV_INDEX_URL": "https://uv.example/simple"})
    assert "UV_DEFAULT_INDEX" not in older


def test_folders_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    line = f"global.find-links='{tmp_path} /nonexistent/wheels'\n"
    assert uv_environment(line, {}) == {"UV_FIND_LINKS": str(tmp_path)}
    assert uv_environment("global.find-links='/nonexistent/wheels'\n", {}) == {}


def test_no_pip_no_settings() -> None:
    assert uv_environment("", {"A": "b"}) == {"A": "b"}
