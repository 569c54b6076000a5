"""A client for this server and any TF Serving: standard library only, importable anywhere.

python -m serving.client predict --url http://localhost:8501 --model taxi --csv rows.csv
python -m serving.client predict --model fashion --images a.png b.png
echo '{"instances": [1.0]}' | python -m serving.client predict --model half --json -
python -m serving.client status --model taxi
python -m serving.client metadata --model taxi
"""

from __future__ import annotations

import argparse
import base64
import csv
import http.client
import json
import math
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

_FLOATS = {"DT_FLOAT", "DT_DOUBLE", "DT_HALF", "DT_BFLOAT16"}
_TRUE = {"true", "1", "t", "yes"}
_MISSING = {"", "na", "n/a", "null", "none", "?", "-"}
"""Spellings of a missing number; `nan` is read by float itself."""
_DELIMITERS = ",;\t|"


class ServingClientError(Exception):
    """The server refused a request, or could not be reached.

    Args:
        message: The server's own words where it gave any.
        status: HTTP status, 0 when there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(f"{message} (HTTP {status})" if status else message)
        self.status = status


class Client:
    """Talks to one server over a kept connection; not to be shared between threads.

    Args:
        url: `http://host:port` or `https://host:port`, with a path prefix if there is one.
        timeout: Seconds to wait for an answer.
        retries: Further attempts when the server answers 503 or the connection fails.
        backoff: Seconds before the first of them; doubled each time, up to 5, with jitter.
    """

    def __init__(
        self,
        url: str = "http://localhost:8501",
        timeout: float = 60.0,
        retries: int = 6,
        backoff: float = 0.1,
    ) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServingClientError(f"The URL must be http://host:port. Received: {url}")
        secure = parts.scheme == "https"
        self._kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._address = parts.hostname, parts.port or (443 if secure else 80)
        self._prefix = parts.path.rstrip("/")
        self._timeout, self._retries, self._backoff = timeout, retries, backoff
        self._connection: http.client.HTTPConnection | None = None
        self.url = url

    def close(self) -> None:
        """Closes the connection; the next call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _once(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = self._kind(*self._address, timeout=self._timeout)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self._connection.request(method, self._prefix + path, body, headers)
        response = self._connection.getresponse()
        data = response.read()
        if response.will_close:
            self.close()
        return response.status, data

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request with retries; requests change nothing, so that they can be repeated.

        Args:
            method: GET or POST.
            path: Path below the URL.
            body: Sent as JSON; NaN and infinities as the bare tokens TF Serving reads.

        Returns:
            The parsed answer.

        Raises:
            ServingClientError: the server says no, or all attempts failed.
        """
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(self._retries + 1):
            try:
                status, answer = self._once(method, path, data)
            except TimeoutError:
                self.close()
                raise ServingClientError(
                    f"{self.url} did not answer within {self._timeout:g} seconds"
                ) from None
            except (OSError, http.client.HTTPException) as error:
                self.close()
                failure = ServingClientError(f"Cannot reach {self.url}: {error}")
            else:
                if status == 200:
                    return json.loads(answer)
                failure = ServingClientError(_message(answer), status)
                if status != 503:
                    break
            if attempt < self._retries:
                pause = min(self._backoff * 2**attempt, 5.0)
                time.sleep(pause * random.uniform(0.5, 1.0))
        raise failure

    def predict(
        self,
        model: str,
        instances: Sequence[Any] | None = None,
        *,
        inputs: Any = None,
        signature_name: str = "",
        version: int | None = None,
        label: str | None = None,
    ) -> Any:
        """Predictions for rows (`instances`) or whole columns (`inputs`).

        Args:
            model: Model name.
            instances: One entry per row: a value, or a dict with a value per input. Bytes are
                sent as base64.
            inputs: Instead of instances, a value per input or of the only one.
            signature_name: "" for the model's default.
            version: A certain version; default the latest.
            label: A version by its label.

        Returns:
            One entry per row, or a value per output.

        Raises:
            ServingClientError: see `call`.
        """
        body: dict[str, Any] = {"signature_name": signature_name} if signature_name else {}
        if instances is not None:
            body["instances"] = [_plain(row) for row in instances]
        else:
            body["inputs"] = _plain(inputs)
        answer = self.call("POST", f"{_path(model, version, label)}:predict", body)
        return answer["predictions"] if "predictions" in answer else answer["outputs"]

    def status(self, model: str, version: int | None = None) -> list[dict[str, Any]]:
        """State of every version ever seen, the highest first."""
        answer = self.call("GET", _path(model, version, None))
        return list(answer["model_version_status"])

    def metadata(self, model: str, version: int | None = None) -> dict[str, Any]:
        """Signatures of the model: name to inputs, outputs and method name."""
        answer = self.call("GET", _path(model, version, None) + "/metadata")
        return dict(answer["metadata"]["signature_def"]["signature_def"])


def _path(model: str, version: int | None, label: str | None) -> str:
    path = f"/v1/models/{quote(model, safe='')}"
    if version is not None:
        return f"{path}/versions/{version}"
    return f"{path}/labels/{quote(label, safe='')}" if label is not None else path


def _message(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return answer.decode("utf-8", "replace").strip() or "The server gave no reason"


def _plain(value: Any) -> Any:
    """The value with bytes as base64 objects, numpy scalars and arrays as plain ones."""
    if isinstance(value, (bytes, bytearray)):
        return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return _plain(value.tolist()) if hasattr(value, "tolist") else value


def convert(text: str, dtype: str) -> Any:
    """A CSV field as the input's type; an empty one, or NA, is NaN; "" for text, an error for integers.

    Raises:
        ValueError: the text is not of that type.
    """
    if dtype == "DT_STRING":
        return text
    if dtype in _FLOATS:
        return math.nan if text.strip().lower() in _MISSING else float(text)
    return text.strip().lower() in _TRUE if dtype == "DT_BOOL" else int(text)


def csv_rows(lines: Iterable[str], inputs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of a CSV with a header, reduced to the model's inputs and converted to their types.

    Fields stand between commas, semicolons, tabs or bars: whichever makes most of the inputs columns.

    Raises:
        ServingClientError: a column is missing, or a field is not of its type.
    """
    lines = list(lines)
    headers = {sign: next(csv.reader(lines, delimiter=sign), []) for sign in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda sign: len(set(headers[sign]) & set(inputs)))
    reader = csv.DictReader(lines, delimiter=delimiter)
    missing = sorted(set(inputs) - set(reader.fieldnames or ()))
    if missing:
        raise ServingClientError(
            f"The CSV lacks the columns {', '.join(missing)}. "
            f"Received: {', '.join(reader.fieldnames or ())}"
        )
    for row in reader:
        converted = {}
        for name, info in inputs.items():
            try:
                converted[name] = convert(row[name] or "", info["dtype"])
            except ValueError:
                raise ServingClientError(
                    f"Line {reader.line_num}, column {name}: expected {info['dtype']}. "
                    f"Received: {row[name]!r}"
                ) from None
        yield converted


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    with open(path, newline="", encoding="utf-8-sig") as file:
        return file.read()


def _rows(flags: argparse.Namespace, client: Client) -> list[Any]:
    """The rows of a CSV or of image files, for the signature the flags name."""
    signatures = client.metadata(flags.model, flags.version)
    name = flags.signature or "serving_default"
    if name not in signatures:
        raise ServingClientError(
            f"{flags.model} has no signature {name}; it has {', '.join(sorted(signatures))}"
        )
    inputs = signatures[name]["inputs"]
    if flags.csv:
        return list(csv_rows(_read(flags.csv).splitlines(keepends=True), inputs))
    strings = [flags.input] if flags.input else [
        key for key, info in inputs.items() if info["dtype"] == "DT_STRING"
    ]  # fmt: skip
    if len(strings) != 1 or len(inputs) != 1:
        raise ServingClientError(
            f"Images need a signature with one string input; {name} takes {', '.join(inputs)}"
        )
    rows = []
    for path in flags.images:
        with open(path, "rb") as file:
            rows.append({strings[0]: file.read()})
    return rows


def _predict(flags: argparse.Namespace, client: Client) -> None:
    where = {"signature_name": flags.signature, "version": flags.version, "label": flags.label}
    if flags.json:
        body = json.loads(_read(flags.json))
        if isinstance(body, list):
            body = {"instances": body}
        if flags.signature:
            body["signature_name"] = flags.signature
        path = _path(flags.model, flags.version, flags.label)
        print(json.dumps(client.call("POST", f"{path}:predict", body)))
        return
    rows = _rows(flags, client)
    for start in range(0, len(rows), flags.batch):
        for row in client.predict(flags.model, rows[start : start + flags.batch], **where):
            print(json.dumps(row))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; exit status 0, or 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m serving.client", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("predict", "predictions, one line of JSON per row"),
        ("status", "state of the model's versions"),
        ("metadata", "signatures of the model"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--url", default="http://localhost:8501")
        command.add_argument("--model", required=True)
        command.add_argument("--version", type=int, help="default: the latest")
        command.add_argument("--timeout", type=float, default=60.0, help="seconds (default 60)")
        command.add_argument("--retries", type=int, default=6, help="on 503 (default 6)")
        if name == "predict":
            source = command.add_mutually_exclusive_group(required=True)
            source.add_argument("--csv", help="file with a header, - for stdin")
            source.add_argument("--json", help="a request body or a list of rows, - for stdin")
            source.add_argument("--images", nargs="+", help="image files")
            command.add_argument("--label", help="version label")
            command.add_argument("--signature", default="", help="default: serving_default")
            command.add_argument("--input", default="", help="input the images go to")
            command.add_argument("--batch", type=int, default=256, help="rows per request")
    flags = parser.parse_args(arguments)
    try:
        with Client(flags.url, flags.timeout, flags.retries) as client:
            if flags.command == "predict":
                _predict(flags, client)
            elif flags.command == "status":
                print(json.dumps(client.status(flags.model, flags.version), indent=2))
            else:
                print(json.dumps(client.metadata(flags.model, flags.version), indent=2))
    except (ServingClientError, OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
