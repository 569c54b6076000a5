"""Versions come, go, fail and come back while a server runs."""

import json
import shutil
import threading
import time

import pytest

PREDICT = "/v1/models/m:predict"
FAST = ("--file_system_poll_wait_seconds=1", "--max_num_load_retries=0")


@pytest.fixture
def base(tmp_path, sample_models):
    """A base path and a function that pushes a version whose answer to 1 is version + 1."""
    path = tmp_path / "m"
    path.mkdir()

    def push(version, source=None):
        staged = tmp_path / f"staged-{version}"
        shutil.copytree(source or sample_models / "versions" / "1", staged)
        staged.rename(path / str(version))

    return path, push


def value(server):
    answer = server.rest.post(PREDICT, {"instances": [1]})
    return answer.json()["predictions"][0] if answer.status == 200 else answer.status


def status(server, version):
    entry = server.rest.get(f"/v1/models/m/versions/{version}").json()["model_version_status"][0]
    return entry["state"], entry["status"]["error_code"], entry["status"]["error_message"]


class Load:
    """Requests in a loop, their answers counted."""

    def __init__(self, server, threads=2):
        self.server, self.answers, self.stopping = server, [], False
        self.threads = [threading.Thread(target=self.run) for _ in range(threads)]

    def run(self):
        while not self.stopping:
            try:
                self.answers.append(value(self.server))
            except OSError as error:
                self.answers.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def test_the_life_of_a_model(base, start_server, until, sample_models):
    path, push = base
    two = sample_models / "versions" / "2"
    server = start_server(f"--model_base_path={path}", "--model_name=m", *FAST, wait=False)
    time.sleep(8)
    assert server.process.poll() is None
    assert not server.listening()  # an empty base path keeps the port closed
    push(1)
    server.wait()
    assert value(server) == 2.0

    with Load(server) as load:  # a push over a running version: no request fails
        push(2, two)
        until(lambda: server.rest.states("m") == {2: "AVAILABLE", 1: "END"})
    assert set(load.answers) == {2.0, 3.0}
    assert load.answers.index(3.0) > 0
    assert status(server, 1) == ("END", "OK", "")

    (path / "4_tmp").mkdir()  # not versions
    (path / "abc").mkdir()
    (path / "3").mkdir()  # broken: the old one keeps answering
    until(lambda: server.rest.states("m").get(3) == "END")
    assert status(server, 3) == (
        "END", "NOT_FOUND",
        "Specified file path does not appear to contain a SavedModel bundle (should have a file "
        f"called `saved_model.pb`)\nSpecified file path: {path}/3",
    )  # fmt: skip
    assert value(server) == 3.0
    answer = server.rest.post("/v1/models/m/versions/3:predict", {"instances": [1]})
    assert answer.error == "Servable not found for request: Specific(m, 3)"
    assert set(server.rest.states("m")) == {1, 2, 3}

    push("0005")  # leading zeros
    until(lambda: server.rest.states("m").get(5) == "AVAILABLE")
    until(lambda: server.rest.states("m").get(2) == "END")
    assert value(server) == 2.0
    (path / "3").rmdir()
    shutil.rmtree(path / "0005")  # rollback by deleting
    until(lambda: server.rest.states("m").get(2) == "AVAILABLE")
    until(lambda: server.rest.states("m").get(5) == "END")
    assert value(server) == 3.0

    path.rename(path.with_name("away"))  # a base path that is gone changes nothing
    time.sleep(2.5)
    assert value(server) == 3.0
    path.with_name("away").rename(path)
    for child in path.iterdir():  # an empty one unloads everything
        shutil.rmtree(child)
    until(lambda: set(server.rest.states("m").values()) == {"END"})
    answer = server.rest.post(PREDICT, {"instances": [1]})
    assert (answer.status, answer.error) == (404, "Servable not found for request: Latest(m)")


def test_a_broken_first_version_ends_the_server(base, start_server):
    path, _ = base
    (path / "1").mkdir()
    server = start_server(f"--model_base_path={path}", "--model_name=m", *FAST, wait=False)
    assert server.process.wait(timeout=90) == 1
    text = server.log.read_text()
    assert (
        "Failed to start server. Error: UNKNOWN: 1 servable(s) did not become available: "
        "{{{name: m version: 1} due to error: NOT_FOUND: Specified file path does not" in text
    )


def test_warmup_labels_reload_and_request_log(base, tmp_path, start_server, until, sample_models):
    grpc = pytest.importorskip("grpc")
    tf = pytest.importorskip("tensorflow")
    from google.protobuf import text_format
    from tensorflow_serving.apis import (
        model_management_pb2,
        model_service_pb2_grpc,
        prediction_log_pb2,
    )

    path, push = base
    push(1)
    push(2, sample_models / "versions" / "2")

    def warmup(version, dtype):
        entry = prediction_log_pb2.PredictionLog()
        request = entry.predict_log.request
        request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0], dtype))
        extra = path / version / "assets.extra"
        extra.mkdir(exist_ok=True)
        with tf.io.TFRecordWriter(str(extra / "tf_serving_warmup_requests")) as writer:
            writer.write(entry.SerializeToString())

    warmup("2", tf.float32)
    logs = tmp_path / "logs" / "m"
    template = """model_config_list {{ config {{ name: "m" base_path: "{}" model_platform: "tensorflow"
      model_version_policy {{ {} }} {}
      logging_config {{ log_collector_config {{ type: "files" filename_prefix: "{}" }}
                        sampling_config {{ sampling_rate: 1.0 }} }} }} {} }}"""

    def config(policy, labels="", more=""):
        return template.format(path, policy, labels, logs, more)

    def reload(text):
        request = model_management_pb2.ReloadConfigRequest()
        text_format.Parse(text, request.config)
        with grpc.insecure_channel(server.grpc) as channel:
            stub = model_service_pb2_grpc.ModelServiceStub(channel)
            return stub.HandleReloadConfigRequest(request, timeout=60)

    def refused(text):
        with pytest.raises(grpc.RpcError) as caught:
            reload(text)
        return caught.value.code().name, caught.value.details()

    both = "specific { versions: 1 versions: 2 }"
    stable = 'version_labels { key: "stable" value: %d }'
    file = tmp_path / "models.config"
    file.write_text(config(both))
    monitoring = tmp_path / "monitoring.config"
    monitoring.write_text('prometheus_config { enable: true path: "/metrics" }')
    server = start_server(
        f"--model_config_file={file}", f"--monitoring_config_file={monitoring}",
        "--rest_api_enable_cors_support=true", "--enable_grpc_healthcheck_service", *FAST,
    )  # fmt: skip
    until(lambda: server.rest.states("m") == {1: "AVAILABLE", 2: "AVAILABLE"})
    answer = server.rest.post(PREDICT, {"instances": [1]})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST, GET"
    page = server.rest.get("/metrics").body.decode()
    assert f'model_warmup_records_read{{model_path="{path}/2",status="OK"}} 1' in page

    stable_target = "/v1/models/m/labels/stable:predict"
    reload(config(both, stable % 1))
    assert server.rest.post(stable_target, {"instances": [1]}).json() == {"predictions": [2.0]}
    assert refused(config(both, stable % 9)) == (
        "FAILED_PRECONDITION",
        "Request to assign label to version 9 of model m, which is not currently available for "
        "inference",
    )
    assert server.rest.post(stable_target, {"instances": [1]}).json() == {"predictions": [2.0]}
    reload(config(both, stable % 2))
    assert server.rest.post(stable_target, {"instances": [1]}).json() == {"predictions": [3.0]}

    other = 'config { name: "%s" base_path: "%s" model_platform: "tensorflow" }'
    half = sample_models / "half_plus_two"
    reload(config(both, stable % 2, other % ("other", half)))
    assert server.rest.states("other") == {123: "AVAILABLE"}
    assert refused(config(both, "", other % ("m", half)))[1] == (
        "Illegal to list model m multiple times in config list"
    )
    assert "to have an absolute path or URI" in refused(config(both, "", other % ("r", "x/y")))[1]
    reload(config(both))
    until(lambda: server.rest.states("other") == {123: "END"})

    shutil.copytree(sample_models / "versions" / "1", path / "3")
    warmup("3", tf.float64)  # a failing record: the version must not be served
    reload(config("all {}"))
    until(lambda: server.rest.states("m").get(3) == "END")
    assert status(server, 3)[1] == "INVALID_ARGUMENT"
    assert value(server) == 3.0

    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(server.grpc) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="PredictionService")
        assert stub.Check(request, timeout=10).status == health_pb2.HealthCheckResponse.SERVING

    assert server.rest.get("/healthz").status == 200
    assert server.rest.get("/readyz").status == 200
    assert server.stop() == 0
    records = [
        prediction_log_pb2.PredictionLog.FromString(record)
        for file in logs.parent.iterdir()
        for record in tf.compat.v1.io.tf_record_iterator(str(file))
    ]
    assert len(records) >= 5
    first = records[0].predict_log
    assert list(first.request.inputs["x"].float_val) == [1.0]
    assert first.request.model_spec.version.value == 2
    assert list(first.response.outputs["y"].float_val) == [3.0]


def test_config_file_is_followed(base, tmp_path, start_server, until):
    path, push = base
    push(1)
    file = tmp_path / "models.config"
    entry = 'config {{ name: "{}" base_path: "{}" model_platform: "tensorflow" }}'
    file.write_text(f"model_config_list {{ {entry.format('m', path)} }}")
    server = start_server(
        f"--model_config_file={file}", "--model_config_file_poll_wait_seconds=1", *FAST
    )
    file.write_text("nonsense {")
    time.sleep(1.5)
    assert value(server) == 2.0
    file.write_text(f"model_config_list {{ {entry.format('n', path)} }}")
    until(lambda: server.rest.states("n") == {1: "AVAILABLE"})
    until(lambda: server.rest.states("m") == {1: "END"})
    assert json.loads(server.rest.predict("n", {"instances": [1]}).body)


def test_sigterm_drains(sample_models, start_server, until):
    server = start_server(
        f"--model_base_path={sample_models}/zoo", "--model_name=m", "--drain_seconds=30"
    )
    results = []
    body = {"signature_name": "slow", "instances": [2.0]}
    caller = threading.Thread(target=lambda: results.append(server.rest.post(PREDICT, body)))
    caller.start()
    time.sleep(0.5)
    assert server.stop() == 0
    caller.join()
    assert results[0].status == 200
    assert not server.listening()


def test_rest_deadline(sample_models, start_server):
    server = start_server(
        f"--model_base_path={sample_models}/zoo", "--model_name=m",
        "--rest_api_timeout_in_ms=300", "--drain_seconds=0",
    )  # fmt: skip
    start = time.monotonic()
    answer = server.rest.post(PREDICT, {"signature_name": "slow", "instances": [20.0]})
    assert (answer.status, answer.error) == (504, "Timed out waiting for notification")
    assert time.monotonic() - start < 10
    echo = {"signature_name": "echo_float32", "instances": [1]}
    assert server.rest.post(PREDICT, echo).status == 200
    server.stop()
