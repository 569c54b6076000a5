"""A server with batching: merged runs, what batching refuses, per-model parameters."""

import concurrent.futures

import pytest


@pytest.fixture(scope="module")
def server(tmp_path_factory, start_server, sample_models):
    folder = tmp_path_factory.mktemp("batching")
    (folder / "batching.config").write_text(
        "max_batch_size { value: 8 } batch_timeout_micros { value: 100000 } "
        "max_enqueued_batches { value: 1 } num_batch_threads { value: 1 } "
        "allowed_batch_sizes: 4 allowed_batch_sizes: 8"
    )
    (folder / "monitoring.config").write_text("prometheus_config { enable: true }")
    return start_server(
        f"--model_base_path={sample_models}/zoo", "--model_name=m", "--enable_batching",
        f"--batching_parameters_file={folder}/batching.config",
        f"--monitoring_config_file={folder}/monitoring.config", "--rest_api_timeout_in_ms=20000",
    )  # fmt: skip


def echo(server, value, signature="echo_float32", form="instances"):
    return server.rest.predict("m", {"signature_name": signature, form: value})


def test_merging_and_padding(server):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda v: echo(server, [v]).json(), range(6)))
    assert answers == [{"predictions": [float(v)]} for v in range(6)]
    page = server.rest.get("/monitoring/prometheus/metrics").body.decode()
    batching = ":tensorflow:serving:batching_session:"
    runs = next(x for x in page.splitlines() if x.startswith(f"{batching}wrapped_run_count{{}} "))
    assert int(runs.split()[-1]) < 6
    assert f'{batching}padding_size_bucket{{execution_batch_size="' in page


def test_refusals(server):
    answer = echo(server, 2.0, form="inputs")
    assert (answer.status, answer.error) == (
        400, "Batching Run() input tensors must have at least one dimension",
    )  # fmt: skip
    answer = echo(server, [0.0] * 9)
    assert (answer.status, answer.error) == (
        400, "Task size 9 is larger than maximum input batch size 8",
    )  # fmt: skip
    answer = echo(server, [1.0, 2.0], "scalar_output", "inputs")
    assert (answer.status, answer.error) == (400, "Batched output tensor has 0 dimensions")


def test_a_full_queue_answers_503(server):
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        statuses = list(pool.map(lambda _: echo(server, [0.3] * 8, "slow").status, range(24)))
    assert set(statuses) == {200, 503}
    assert echo(server, [1.0]).status == 200


def test_per_model_parameters(tmp_path, start_server, sample_models):
    import shutil

    shutil.copytree(sample_models / "zoo" / "1", tmp_path / "batched" / "1")
    (tmp_path / "batched" / "1" / "batching_params.pbtxt").write_text("max_batch_size { value: 2 }")
    shutil.copytree(sample_models / "zoo" / "1", tmp_path / "single" / "1")
    entries = "".join(
        f'config {{ name: "{n}" base_path: "{tmp_path}/{n}" model_platform: "tensorflow" }} '
        for n in ("batched", "single")
    )
    (tmp_path / "models.config").write_text(f"model_config_list {{ {entries} }}")
    server = start_server(
        f"--model_config_file={tmp_path}/models.config", "--enable_batching",
        "--enable_per_model_batching_parameters",
    )  # fmt: skip
    body = {"signature_name": "echo_float32", "instances": [1, 2, 3]}
    assert server.rest.predict("single", body).status == 200
    assert "larger than maximum input batch size 2" in server.rest.predict("batched", body).error
    body["inputs"] = body.pop("instances")[0]
    assert server.rest.predict("single", body).json() == {"outputs": 1.0}
