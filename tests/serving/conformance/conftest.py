"""The server under test: one by URL (SERVING_URL, SERVING_GRPC), or ours."""

import os

import pytest


@pytest.fixture(scope="session")
def addresses(request):
    """REST client and gRPC address of the server under test."""
    rest_client = request.getfixturevalue("rest_client")
    if os.environ.get("SERVING_URL"):
        return rest_client(os.environ["SERVING_URL"]), os.environ.get("SERVING_GRPC", "")
    models = request.getfixturevalue("sample_models")
    server = request.getfixturevalue("start_server")(
        f"--model_config_file={models}/models.config",
        f"--monitoring_config_file={models}/monitoring.config",
        "--allow_version_labels_for_unavailable_models",
        "--enable_grpc_healthcheck_service",
    )
    return server.rest, server.grpc


@pytest.fixture(scope="session")
def rest(addresses):
    return addresses[0]


@pytest.fixture(scope="session")
def channel(addresses):
    grpc = pytest.importorskip("grpc")
    if not addresses[1]:
        pytest.skip("no gRPC address given")
    with grpc.insecure_channel(
        addresses[1], options=[("grpc.max_receive_message_length", -1)]
    ) as opened:
        yield opened
