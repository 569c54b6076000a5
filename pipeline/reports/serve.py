"""Serves the reports of all runs on loopback, with an index made anew for every visit."""

import http.server
import sys
import urllib.parse
import webbrowser
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pipeline.earlier.request_logs import PAGES
from pipeline.reports import index

_SERVED = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".jsonl": "text/plain; charset=utf-8",
}
"""What a run's folder holds for people; nothing else of the output is handed out."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def serve(output: Path, port: int, open_page: bool = False) -> int:
    """Serves until Ctrl-C; returns 0, or 2 where the port cannot be had.

    Args:
      output: the folder of all pipelines' outputs.
      port: on 127.0.0.1; 0 takes a free one.
      open_page: open the browser on it.
    """
    try:
        server = make_server(output, port)
    except OSError as error:
        print(f"error: port {port} on 127.0.0.1: {error.strerror}. Try --port 0", file=sys.stderr)
        return 2
    with server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        print(f"reports of {output.resolve()} on {address} · Ctrl-C ends it", flush=True)
        if open_page:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


def make_server(output: Path, port: int) -> http.server.ThreadingHTTPServer:
    """The server, listening on 127.0.0.1 and not yet serving."""
    handler = partial(_Handler, output.resolve())
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


class _Handler(http.server.BaseHTTPRequestHandler):
    """GET and HEAD of the index and of the files in runs' folders."""

    def __init__(self, output: Path, *rest: Any) -> None:
        self._output = output
        super().__init__(*rest)

    def do_GET(self) -> None:
        """Answers with a file, the index, or 404."""
        host = (self.headers.get("Host") or "").rpartition(":")[0] or self.headers.get("Host") or ""
        if host not in _LOOPBACK:  # a page elsewhere whose name was pointed here
            self.send_error(HTTPStatus.FORBIDDEN, "This server answers to localhost only")
            return
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        if path in ("/", "/index.html"):
            self._answer(index.html(self._output).encode(), _SERVED[".html"])
            return
        file = self._file(path)
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._answer(file.read_bytes(), _SERVED[file.suffix])

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def _file(self, path: str) -> Path | None:
        """`/<pipeline>/runs/…` or `/<pipeline>/monitor/…`, a file of a served kind that really lies there."""
        if "\0" in path:
            return None
        file = (self._output / path.lstrip("/")).resolve()
        if not file.is_relative_to(self._output) or file.suffix not in _SERVED:
            return None
        parts = file.relative_to(self._output).parts
        shown = len(parts) >= 3 and parts[1] in ("runs", PAGES)
        return file if shown and file.is_file() else None

    def _answer(self, content: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
