"""Deployment templates: they render, parse, and name only what TF Serving knows."""

import string
import tomllib
from pathlib import Path

import pytest

from serving.flags import parser

yaml = pytest.importorskip("yaml")
FOLDER = Path(__file__).parents[2] / "serving" / "deploy"
VARIABLES = tomllib.loads((FOLDER / "variables.toml").read_text())
TEMPLATES = sorted(p.name for p in FOLDER.iterdir() if p.suffix in (".config", ".yaml"))


def render(name):
    return string.Template((FOLDER / name).read_text()).substitute(VARIABLES)


def test_every_variable_is_used():
    used = set()
    for name in TEMPLATES:
        used |= set(string.Template((FOLDER / name).read_text()).get_identifiers())
    assert used == set(VARIABLES)


@pytest.mark.parametrize("name", [n for n in TEMPLATES if n.endswith(".yaml")])
def test_yaml(name):
    assert all(isinstance(part, dict) for part in yaml.safe_load_all(render(name)))


def test_text_protos(tmp_path):
    pytest.importorskip("tensorflow")
    from tensorflow_serving.config import model_server_config_pb2

    from serving.batching_queue import BatchingParameters
    from serving.models.text_protos import read_declared, read_text_proto

    configmap = next(yaml.safe_load_all(render("kubernetes.yaml")))["data"]
    for source in (render, configmap.__getitem__):
        files = {}
        for name in ("models.config", "batching.config", "monitoring.config"):
            files[name] = tmp_path / name
            files[name].write_text(source(name))
        config = read_text_proto(
            str(files["models.config"]), model_server_config_pb2.ModelServerConfig()
        )
        (model,) = config.model_config_list.config
        assert (model.name, model.base_path) == ("taxi", "/models/taxi")
        parameters = BatchingParameters.from_proto(
            read_declared(str(files["batching.config"]), "BatchingParameters")
        )
        assert parameters.max_batch_size == 64
        parameters.check()
        monitoring = read_declared(str(files["monitoring.config"]), "MonitoringConfig")
        assert monitoring.prometheus_config.enable


def test_flags_are_known():
    known = set(parser()._option_string_actions)
    compose = yaml.safe_load(render("docker-compose.yaml"))["services"]["serving"]["command"]
    deployment = list(yaml.safe_load_all(render("kubernetes.yaml")))[1]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    for flags in (compose, container["args"]):
        assert {flag.partition("=")[0] for flag in flags} <= known
    assert compose == container["args"]


def test_kubernetes_names_agree():
    config, deployment, service, budget = yaml.safe_load_all(render("kubernetes.yaml"))
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert service["spec"]["selector"] == labels
    assert budget["spec"]["selector"]["matchLabels"] == labels
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert volumes[1]["configMap"]["name"] == config["metadata"]["name"]
    mounts = deployment["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert {m["name"] for m in mounts} == {v["name"] for v in volumes}
    predictor = yaml.safe_load(render("kserve.yaml"))["spec"]["predictor"]
    assert predictor["model"]["modelFormat"]["name"] == "tensorflow"
