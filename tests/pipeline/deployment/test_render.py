"""Deployment files: they parse, name only what TF Serving knows, and no name breaks them."""

import re
import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pipeline.deployment.config import DeploySection
from pipeline.deployment.render import TEMPLATES, kubernetes_name, render
from serving.flags import parser

HERE = Path("/srv/output/taxi/serving/taxi")
FILES = (
    *("batching.config", "docker-compose.yaml", "kserve.yaml", "kubernetes.yaml"),
    *("models.config", "monitoring.config"),
)
HOSTILE = (
    *("/srv/a b", "/srv/a:b", '/srv/a"b', "/srv/a\\b", "/srv/a\nb", "/srv/$HOME/${x}", "/srv/#x"),
    *("/srv/{x: y}", "/srv/é漢", "/srv/!!python/object", "/srv/- x", "/srv/%s", "/srv/'x'"),
)
NAMES = ("taxi", "Taxi_2", "123", "true", "null", "1e5", "a" * 200, "x-", "no", "0x1F")


def kubernetes(name: str = "taxi", **settings: Any) -> list[dict[str, Any]]:
    """The objects of kubernetes.yaml."""
    text = render(name, HERE, DeploySection.model_validate(settings))["kubernetes.yaml"]
    return list(yaml.safe_load_all(text))


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    """The only container of a Deployment."""
    [found] = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_every_template_is_filled_in() -> None:
    files = render("taxi", HERE, DeploySection())
    assert set(files) == set(FILES)
    for name, text in files.items():
        assert not re.search(r"\$\{|\$[a-z]", text), name


def test_every_key_is_used() -> None:
    used: set[str] = set()
    for name in FILES:
        used |= set(string.Template((TEMPLATES / name).read_text()).get_identifiers())
    assert set(DeploySection.model_fields) | {"model_name", "kubernetes_name", "directory"} == used


@pytest.mark.parametrize("directory", HOSTILE)
def test_a_hostile_path_stays_a_path(directory: str) -> None:
    files = render("taxi", Path(directory), DeploySection())
    compose = yaml.safe_load(files["docker-compose.yaml"])
    models, *configs = compose["services"]["serving"]["volumes"]
    # What compose makes of `$$` is one `$`.
    assert models["source"].replace("$$", "$") == directory
    assert "$" not in models["source"].replace("$$", "")
    assert (models["type"], models["target"], models["read_only"]) == ("bind", "/models/taxi", True)
    assert [config.split(":")[1] for config in configs] == [
        f"/config/{name}.config" for name in ("models", "batching", "monitoring")
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_text_everywhere(name: str, tmp_path: Path) -> None:
    objects = kubernetes(name)
    names = [item["metadata"]["name"] for item in objects]
    assert len(set(names)) == 1 and re.fullmatch(r"[a-z][a-z0-9-]{0,61}[a-z0-9]", names[0])
    config, deployment, service, budget = objects
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels == service["spec"]["selector"]
    assert budget["spec"]["selector"]["matchLabels"] == labels == deployment["metadata"]["labels"]
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert volumes[1]["configMap"]["name"] == config["metadata"]["name"]
    mounts = container(deployment)["volumeMounts"]
    assert {mount["name"] for mount in mounts} == {volume["name"] for volume in volumes}
    probe = container(deployment)["readinessProbe"]["httpGet"]["path"]
    assert probe == f"/v1/models/{name}"
    kserve = yaml.safe_load(render(name, HERE, DeploySection())["kserve.yaml"])
    assert f"{kserve['metadata']['name']}-serving" == names[0]
    predictor = kserve["spec"]["predictor"]["model"]
    assert predictor["modelFormat"]["name"] == "tensorflow"
    assert predictor["storageUri"] == f"pvc://models/{name}"


def test_two_names_stay_two() -> None:
    assert kubernetes_name("taxi") == "taxi"
    odd = ["Taxi", "tAxi", "ta_xi", "ta-xi", "1", "model-1", "a" * 60, "a" * 61]
    assert len({kubernetes_name(name) for name in odd}) == len(odd)


def test_numbers_and_quantities_arrive() -> None:
    _, deployment, service, _ = kubernetes(
        replicas=5, cpu="500m", memory="512Mi", rest_port=9001, grpc_port=9000, namespace="ml"
    )
    assert deployment["spec"]["replicas"] == 5 and deployment["metadata"]["namespace"] == "ml"
    resources = container(deployment)["resources"]
    assert resources["requests"] == {"cpu": "500m", "memory": "512Mi"}
    assert resources["limits"] == {"memory": "512Mi"}
    assert [port["port"] for port in service["spec"]["ports"]] == [9000, 9001]


@pytest.mark.parametrize(
    "wrong",
    [
        {"image": 'x"\nprivileged: true'},
        {"namespace": "Default"},
        {"namespace": "a: b"},
        {"memory": "much"},
        {"cpu": "-1"},
        {"rest_port": 0},
        {"replicas": "two"},
        {"storage_uri": "models/taxi"},
        {"volume_claim": "a b"},
        {"replica": 1},
    ],
)
def test_what_cannot_be_deployed_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DeploySection.model_validate(wrong)


@pytest.mark.parametrize("name", ["taxi", "Taxi_2"])
def test_text_protos_are_what_a_server_reads(name: str, tmp_path: Path) -> None:
    from tensorflow_serving.config import model_server_config_pb2

    from serving.batching_queue import BatchingParameters
    from serving.models.text_protos import read_declared, read_text_proto

    section = DeploySection(versions=3, max_batch_size=128, batch_threads=7)
    rendered = render(name, HERE, section)
    in_kubernetes = next(yaml.safe_load_all(rendered["kubernetes.yaml"]))["data"]
    for texts in (rendered, in_kubernetes):
        files = {}
        for file in ("models.config", "batching.config", "monitoring.config"):
            files[file] = tmp_path / file
            files[file].write_text(texts[file])
        config = read_text_proto(
            str(files["models.config"]), model_server_config_pb2.ModelServerConfig()
        )
        [model] = config.model_config_list.config
        assert (model.name, model.base_path) == (name, f"/models/{name}")
        assert model.model_version_policy.latest.num_versions == 3
        parameters = BatchingParameters.from_proto(
            read_declared(str(files["batching.config"]), "BatchingParameters")
        )
        assert parameters.max_batch_size == 128
        parameters.check()
        monitoring = read_declared(str(files["monitoring.config"]), "MonitoringConfig")
        assert monitoring.prometheus_config.enable


def test_flags_are_known() -> None:
    known = set(parser()._option_string_actions)
    compose = yaml.safe_load(render("taxi", HERE, DeploySection())["docker-compose.yaml"])
    command = compose["services"]["serving"]["command"]
    arguments = container(kubernetes()[1])["args"]
    for flags in (command, arguments):
        assert {flag.partition("=")[0] for flag in flags} <= known
    assert command == arguments
