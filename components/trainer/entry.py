"""Where TFX's Trainer comes in: run_fn reads, finds the learner, fits, exports."""

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import tensorflow_transform as tft

from components.trainer import export, lite
from components.trainer.clustering import clustered, propagating
from components.trainer.columns import learner as columns
from components.trainer.config import TrainSection
from components.trainer.examples import ExampleFiles
from components.trainer.inputs import InputKind, category_ids, model_inputs
from components.trainer.learned import Learned
from components.trainer.pictures import learner as pictures
from components.trainer.sequence import learner as sequence
from components.trainer.spec import Spec
from components.trainer.target import target
from components.trainer.techniques import weights
from components.trainer.techniques.annotate import annotate
from components.trainer.techniques.clusters_config import ClustersSection
from components.trainer.techniques.pretrain_config import PretrainSection
from components.trainer.techniques.run import Pretraining, TrainingRun, training_run
from components.trainer.techniques.self_training import Rows, self_train
from components.trainer.techniques.semi_config import SemiSection
from components.trainer.techniques.teacher import Teacher
from components.trainer.techniques.tuned import tuned
from components.trainer.text import learner as text
from components.trainer.unlabelled import divide
from data.saved_models import LITE_FOLDER
from data.tasks import Task
from data.tuned_values import decoded

Learner = Callable[[Spec, ExampleFiles, ExampleFiles], Learned]

BY_TASK: dict[Task, Learner] = {Task.SEQUENCE: sequence.learn}
"""Tasks that are learnt in a way of their own."""

BY_INPUT: dict[InputKind, Learner] = {
    InputKind.PICTURE: pictures.learn,
    InputKind.TEXT: text.learn,
    InputKind.NUMBERS: columns.learn,
    InputKind.CATEGORY: columns.learn,
}
"""Who learns from which kind of input; where there are several kinds, the first of them here."""


def run_fn(fn_args: Any) -> None:
    """Trains one model and writes it to `fn_args.serving_model_dir`, its history beside it.

    Args:
      fn_args: TFX's FnArgs. `train_files` may include those of the split without labels
        (`Split-unlabelled`). `custom_config` holds `train` (JSON of TrainSection), `task`,
        `label`, `classes` (JSON list in class order), `columns` (JSON list of raw columns) and
        `texts` (JSON list of the features that are texts), and perhaps `vocabularies` (JSON list of
        the features in Transform's file of them; absent with a preprocessing of one's own), `weight`
        (the raw column that says how much rows count), `cache`, a folder for what outlives a killed
        training, `warm_start`, the SavedModel to begin with, `distill` (JSON of DistillSection) and
        `teacher`, the SavedModel it stands for, or a folder of versions; `semi` (JSON of SemiSection)
        and `labeller`, likewise; `pretrain` (JSON of PretrainSection); `clusters` (JSON of
        ClustersSection); and `lite`, for the network
        alone beside the history. `hyperparameters` is what a Tuner found, or None.
    """
    config = fn_args.custom_config
    values = decoded((fn_args.hyperparameters or {}).get("values", {}))
    settings = tuned(TrainSection.model_validate_json(config["train"]), values)
    run = training_run(settings, fn_args)
    if values:
        run.notes["tuned"] = values
        print(f"trains with the values of a Tuner: {values}", flush=True)
    done = learn(fn_args, settings, run)

    os.makedirs(fn_args.model_run_dir, exist_ok=True)
    with open(os.path.join(fn_args.model_run_dir, "history.json"), "w", encoding="utf-8") as file:
        json.dump({"rows": done.rows, **run.notes, **done.learned.history}, file, indent=1)

    learned, place = done.learned, fn_args.serving_model_dir
    columns = json.loads(config["columns"])
    network = lite.required(learned.network, done.spec) if config.get("lite") else None
    export.export(
        learned.model, learned.answer, done.graph, config["label"], columns, place, network
    )
    if network:
        lite.write(network, learned, done.spec, os.path.join(fn_args.model_run_dir, LITE_FOLDER))
    weights.write(learned.described, learned.model, asdict(done.spec.target), Path(place))
    run.checkpoints.clear()


@dataclass(frozen=True)
class Done:
    """A training that is over."""

    learned: Learned
    graph: tft.TFTransformOutput
    """What Transform wrote."""
    rows: int
    """Of the training split."""
    spec: Spec
    """What was to be learnt."""


def learn(fn_args: Any, settings: TrainSection, run: TrainingRun) -> Done:
    """The training itself, as the Trainer does it and the Tuner's trials do.

    Args:
      fn_args: as for `run_fn`.
      settings: in place of what `fn_args` says of them.
      run: what surrounds it.
    """
    config = fn_args.custom_config
    task = Task(config["task"])
    classes: list[str] = json.loads(config["classes"])
    label: str = config["label"]
    keras.utils.set_random_seed(settings.seed)

    graph = tft.TFTransformOutput(fn_args.transform_output)
    inputs = model_inputs(graph, label, json.loads(config.get("texts", "[]")))
    labelled, unlabelled = divide(fn_args.train_files)
    weight: str = config.get("weight", "")
    train = ExampleFiles(labelled, graph, label, weight=weight)
    extra = ExampleFiles(unlabelled, graph, label) if unlabelled else None
    evaluation = ExampleFiles(fn_args.eval_files, graph, label, weight=weight)
    target(evaluation.labels, task, classes)  # checks them too
    if task is Task.REGRESSION and run.start is not None:
        known = run.start.target  # its outputs are stretched by what its own labels were
    else:
        known = target(train.labels, task, classes, settings.balance_classes, train.weights)
    features = json.loads(config["vocabularies"]) if "vocabularies" in config else None
    ids = category_ids(graph, inputs, features)
    if extra is not None:
        run.notes["unlabelled"] = {"rows": extra.rows}
    spec = Spec(tuple(inputs), task, tuple(classes), known, settings, run, ids)
    learner = learner_for(spec)
    groups = ClustersSection.model_validate_json(config.get("clusters", "{}"))
    if groups.count:
        spec = clustered(spec, groups, train, extra)
    pretraining = PretrainSection.model_validate_json(config.get("pretrain", "{}"))
    if pretraining.epochs:
        if learner not in (BY_INPUT[InputKind.NUMBERS], BY_INPUT[InputKind.PICTURE]):
            raise ValueError(
                "pretrain.epochs is for columns and pictures: the layers of texts and sequences have "
                "other ways to begin. Leave it out"
            )
        every = ExampleFiles([*labelled, *unlabelled], graph, label)
        spec = replace(spec, run=replace(spec.run, pretraining=Pretraining(pretraining, every)))
    semi = SemiSection.model_validate_json(config.get("semi", "{}"))
    if semi.rounds and extra is not None:
        with tempfile.TemporaryDirectory(prefix="pseudo-labels-") as scratch:
            # Rows that weigh nothing teach nothing: nobody is asked about them.
            asked = ExampleFiles(unlabelled, graph, label, weight=weight)
            rows = Rows(
                train,
                evaluation,
                asked,
                labelled_by(unlabelled, spec, graph, fn_args),
                lambda more: ExampleFiles([*labelled, *more], graph, label, weight=weight),
                propagating(spec, semi, groups, train, asked)
                if semi.method == "propagation"
                else None,
            )
            learned = self_train(learner, spec, rows, semi, label, Path(scratch))
    else:
        rows_taught = with_teacher(train, labelled + unlabelled, spec, graph, fn_args)
        learned = learner(spec, rows_taught, evaluation)
    return Done(learned, graph, train.rows, spec)


def with_teacher(
    train: ExampleFiles,
    patterns: list[str],
    spec: Spec,
    graph: tft.TFTransformOutput,
    fn_args: Any,
) -> ExampleFiles:
    """The training rows with a teacher's answers beside their labels, where there is a teacher.

    Rows without a label are among them then: they learn from the teacher alone.
    """
    config = fn_args.custom_config
    if spec.run.teaching is None:
        return train
    teacher = Teacher(Path(config["teacher"]), spec.task, list(spec.classes))
    cache = Path(config.get("cache") or fn_args.model_run_dir) / "teacher"
    files = annotate(patterns, graph, teacher, cache, config["label"])
    spec.run.notes["teacher"] = {"model": str(teacher.path), "parameters": teacher.parameters}
    return ExampleFiles(files, graph, config["label"], spec.units, config.get("weight", ""))


def labelled_by(
    patterns: list[str], spec: Spec, graph: tft.TFTransformOutput, fn_args: Any
) -> ExampleFiles | None:
    """Rows without labels with the answers of whom `semi.teacher` names; None: nobody."""
    config = fn_args.custom_config
    if not config.get("labeller"):
        return None
    teacher = Teacher(Path(config["labeller"]), spec.task, list(spec.classes))
    cache = Path(config.get("cache") or fn_args.model_run_dir) / "labeller"
    files = annotate(patterns, graph, teacher, cache)
    spec.run.notes["teacher"] = {"model": str(teacher.path), "parameters": teacher.parameters}
    weight = config.get("weight", "")
    return ExampleFiles(files, graph, config["label"], taught=spec.units, weight=weight)


def learner_for(spec: Spec) -> Learner:
    """Who can learn this task from these inputs; one's own model is given columns, whatever they are."""
    if spec.task in BY_TASK:
        return BY_TASK[spec.task]
    kinds = {item.kind for item in spec.inputs}
    if spec.settings.model:
        return BY_INPUT[InputKind.NUMBERS]
    return next(learn for kind, learn in BY_INPUT.items() if kind in kinds)
