"""What the functions that learn are told: the custom_config of Transform, Trainer and Tuner."""

import json

from components.transform.config import vocabulary_features
from pipeline.prepared import Prepared
from pipeline.tuning import parameters_json


def transform_config(prepared: Prepared) -> dict[str, str]:
    """What `preprocessing_fn` is told."""
    features = {
        name: feature.model_dump(mode="json", by_alias=True)
        for name, feature in prepared.features.items()
    }
    teacher = {"beside": json.dumps(prepared.beside)} if prepared.beside else {}
    return {
        **teacher,
        **_weight(prepared),
        "features": json.dumps(features),
        "task": prepared.config.data.task.value,
        "label": prepared.label,
        "classes": json.dumps(prepared.classes),
    }


def trainer_config(prepared: Prepared) -> dict[str, str]:
    """What `run_fn` is told."""
    distill = {
        "distill": prepared.config.distill.model_dump_json(),
        "teacher": str(prepared.teacher),
    }
    start = {"warm_start": str(prepared.start.path)} if prepared.start else {}
    ours = not prepared.config.transform.preprocessing
    vocabularies = {"vocabularies": json.dumps(vocabulary_features(prepared.features))}
    semi = {"semi": prepared.config.semi.model_dump_json()}
    pretrain = {"pretrain": prepared.config.pretrain.model_dump_json()}
    clusters = {"clusters": prepared.config.clusters.model_dump_json()}
    labeller = {"labeller": str(prepared.labeller)}
    return {
        **(distill if prepared.teacher else {}),
        **(semi if prepared.config.semi.rounds else {}),
        **(labeller if prepared.labeller else {}),
        **(pretrain if prepared.config.pretrain.epochs else {}),
        **(clusters if prepared.config.clusters.count else {}),
        **start,
        **_weight(prepared),
        **(vocabularies if ours else {}),
        "train": prepared.config.train.model_dump_json(),
        "task": prepared.config.data.task.value,
        "label": prepared.label,
        "classes": json.dumps(prepared.classes),
        "columns": json.dumps(prepared.model_columns),
        "texts": json.dumps(prepared.texts),
        "cache": str(prepared.root / "cache"),
    }


def tuner_config(prepared: Prepared) -> dict[str, str]:
    """What `tuner_fn` is told: what the Trainer is, and the search."""
    if prepared.search is None:
        return {}
    return {
        **trainer_config(prepared),
        "tuner": prepared.config.tuner.model_dump_json(),
        "space": parameters_json(prepared.search),
        "objective": prepared.search.objective,
        "trial": "components.trainer.trial.run_trial",
    }


def _weight(prepared: Prepared) -> dict[str, str]:
    return {"weight": prepared.config.data.weight} if prepared.config.data.weight else {}
