"""Lets uv see the same package index, certificates and proxies as pip does."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Mapping
from pathlib import Path

# pip's setting → the variable uv reads. uv reads SSL_CERT_FILE and the proxy variables by itself.
_SAME = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
}


def uv_environment(pip_settings: str, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with pip's settings added in uv's words; what is set for uv already stays.

    Args:
        pip_settings: what `pip config list` printed: lines such as `global.index-url='https://…'`
            or `:env:.cert='…'`, from its files and its environment alike.
        environment: the variables of this process.
    """
    result = dict(environment)
    for line in pip_settings.splitlines():
        key, _, quoted = line.partition("=")
        name = _SAME.get(key.rpartition(".")[2])
        if name is None or key.split(".")[0] not in ("global", ":env:", "install"):
            continue
        value = str(ast.literal_eval(quoted))
        if name == "UV_FIND_LINKS":  # pip ignores a folder that is not there, uv stops at it
            places = [place for place in value.split() if "://" in place or Path(place).exists()]
            value = ",".join(places)
        if name == "UV_DEFAULT_INDEX" and environment.get("UV_INDEX_URL"):
            continue  # uv's older word for the same
        if value and not environment.get(name):
            result[name] = value
    return result


def pip_settings(python: str) -> str:
    """Everything pip is configured with, or nothing where there is no pip."""
    asked = subprocess.run(
        [python, "-m", "pip", "config", "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return asked.stdout.decode() if asked.returncode == 0 else ""
