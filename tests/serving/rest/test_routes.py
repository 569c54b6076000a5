"""The REST grammar."""

import pytest

from serving.rest.routes import Route, UnreportedError, is_rest, parse_route
from serving.status import ServingError


@pytest.mark.parametrize(
    ("method", "target", "route"),
    [
        ("POST", "/v1/models/m:predict", Route("predict", "m")),
        ("POST", "/V1/MODELS/m/VERSIONS/012:classify", Route("classify", "m", 12)),
        ("POST", "/v1/models/m/labels/a%2Fb:regress", Route("regress", "m", None, "a/b")),
        ("POST", "/v1/models/a%3Ab%2Fc:predict", Route("predict", "a:b/c")),
        ("GET", "/v1/models/m", Route("status", "m")),
        ("GET", "/v1/models/m?x=1", Route("status", "m?x=1")),
        ("GET", "/v1/models/m/versions/3/metadata", Route("metadata", "m", 3)),
        ("GET", "/v1/models/m/labels/x/metadata", Route("metadata", "m", None, "x")),
        ("GET", "/v1/models/m/METADATA", Route("status", "m")),
        ("GET", "/v1/models/versions/123", Route("status", "", 123)),
        ("GET", "/v1/models", Route("status", "")),
        ("GET", "/v1/models/metadata", Route("status", "metadata")),
        ("GET", "/v1/models/%zz", Route("status", "%zz")),
        ("GET", "/v1/models/..%2F..%2Fetc", Route("status", "../../etc")),
    ],
)
def test_parses(method, target, route):
    assert parse_route(method, target) == route


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/v1/models/m:PREDICT"),
        ("POST", "/v1/models/m:predict?x=1"),
        ("POST", "/v1/models/m"),
        ("POST", "/v1/models/m/versions/x:predict"),
        ("POST", "/v1/models/m/versions/\u0663:predict"),
        ("POST", "/v1/models/m/versions/1/labels/l:predict"),
        ("GET", "/v1/models/"),
        ("GET", "/v1/models/m:predict"),
        ("GET", "/v1/models/m/versions/-1"),
        ("PUT", "/v1/models/m"),
        ("DELETE", "/v1/models/m"),
        ("HEAD", "/v1/models/m"),
        ("GET", "/v1/"),
    ],
)
def test_malformed(method, target):
    with pytest.raises(ServingError) as caught:
        parse_route(method, target)
    assert caught.value.message == f"Malformed request: {method} {target}"


@pytest.mark.parametrize("digits", ["9223372036854775808", "9" * 5000])
def test_version_beyond_64_bits(digits):
    with pytest.raises(UnreportedError):
        parse_route("GET", f"/v1/models/m/versions/{digits}")


def test_dispatch():
    assert is_rest("/v1/x")
    assert is_rest("/V1/?q#f")
    assert not is_rest("/v1")
    assert not is_rest("/v2/models")
    assert not is_rest("/a/v1/models")
