"""Writes docs/configuration.md from the sections' own docstrings: `python docs/make_configuration.py`."""

import ast
import inspect
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from components.distill_gate.config import DistillGateSection
from components.evaluator.config import EvaluateSection, Gate
from components.example_gen.config import DataSection
from components.example_validator.config import DriftSection, ValidateSection
from components.infra_validator.config import InfraValidateSection
from components.lite_exporter.config import LiteSection
from components.pusher.config import PushSection
from components.trainer.config import TrainSection
from components.trainer.pictures.config import ImageSettings
from components.trainer.sequence.config import SequenceSettings
from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.techniques.distill_config import DistillSection
from components.trainer.techniques.pretrain_config import PretrainSection
from components.trainer.techniques.semi_config import SemiSection
from components.trainer.text.config import TextSettings
from components.transform.config import Feature, TransformSection
from data.columns import Treatment
from pipeline.deployment.config import DeploySection
from pipeline.engines.config import Dataflow, EngineSection, NodeEngine
from pipeline.reports.config import CardSection

INTRODUCTION = """# Configuration

One TOML file is one pipeline; paths in it are relative to it. A preset is such a file
(`pipeline/configs/`). Everything but `name` and `[data]` has a default. On the command line
`--set train.epochs=3` overrides one key. An unknown key is an error that lists the valid ones.

This page is made from the code by `python docs/make_configuration.py`.

`name`: names the output folder and the served model: letters, digits, `-` and `_`.
"""
SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[data]", DataSection),
    ("[features]", Feature),
    ("[validate]", ValidateSection),
    ("[validate.drift]", DriftSection),
    ("[transform]", TransformSection),
    ("[train]", TrainSection),
    ("[train.image]", ImageSettings),
    ("[train.text]", TextSettings),
    ("[train.sequence]", SequenceSettings),
    ("[distill]", DistillSection),
    ("[distill_gate]", DistillGateSection),
    ("[semi]", SemiSection),
    ("[pretrain]", PretrainSection),
    ("[clusters]", ClustersSection),
    ("[evaluate]", EvaluateSection),
    ("[[evaluate.gates]]", Gate),
    ("[infra_validate]", InfraValidateSection),
    ("[lite]", LiteSection),
    ("[push]", PushSection),
    ("[deploy]", DeploySection),
    ("[card]", CardSection),
    ("[engine]", EngineSection),
    ("[engine.nodes.NODE]", NodeEngine),
    ("[engine.dataflow]", Dataflow),
)


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for title, model in SECTIONS:
        parts.append(f"## `{title}`\n\n{_text(inspect.getdoc(model) or '')}\n")
        if model is Feature:
            parts.append(_treatments())
        parts.append(_table(model))
    return "\n".join(parts)


def _table(model: type[BaseModel]) -> str:
    words = attribute_docs(model)
    rows = ["| key | default | |", "| --- | --- | --- |"]
    for name, field in model.model_fields.items():
        key, default = field.alias or name, _default(field.get_default(call_default_factory=True))
        rows.append(f"| `{key}` | {default} | {_text(words.get(name, ''))} |")
    return "\n".join(rows) + "\n"


def _treatments() -> str:
    words = attribute_docs(Treatment)
    rows = ["| treatment | |", "| --- | --- |"]
    rows += [f"| `{item.value}` | {_text(words.get(item.name, ''))} |" for item in Treatment]
    return "\n".join(rows) + "\n"


def attribute_docs(model: type) -> dict[str, str]:
    """{attribute: the string literal below it}."""
    [tree] = ast.parse(inspect.getsource(model)).body
    assert isinstance(tree, ast.ClassDef)
    found, last = {}, ""
    for item in tree.body:
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            last = item.target.id
        elif isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            last = item.targets[0].id
        elif last and isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant):
            found[last], last = str(item.value.value), ""
        else:
            last = ""
    return found


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, tuple):
        value = list(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value!r}`".replace("'", '"')


def _text(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


if __name__ == "__main__":
    Path(__file__).with_name("configuration.md").write_text(page(), encoding="utf-8")
