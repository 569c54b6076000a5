"""What a model is built from: the contract of `train.model`, for one's own network and for ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from components.trainer.columns.embedding import JointEmbedding
from components.trainer.config import TrainSection
from components.trainer.heads import HEADS
from components.trainer.inputs import InputKind, ModelInput
from components.trainer.target import Target
from components.trainer.techniques.run import TrainingRun
from data.tasks import Task


@dataclass(frozen=True)
class Spec:
    """Everything a `build(spec) -> keras.Model` is told.

    The model takes {feature: tensor} and returns plain (linear) outputs (batch, units): the task's
    loss and answer apply sigmoid or softmax. One that is compiled keeps its own loss, optimizer and
    metrics; another gets those of the task.

    Example:
      def build(spec):
          entries = spec.keras_inputs()
          hidden = keras.layers.Dense(32, activation="relu")(spec.encoded(entries))
          return keras.Model(entries, keras.layers.Dense(spec.units)(hidden))
    """

    inputs: tuple[ModelInput, ...]
    """The transformed features: name, kind (numbers, category, picture) and size."""
    task: Task
    classes: tuple[str, ...]
    """In the order of the outputs, binary with the positive one last; empty for regression."""
    target: Target
    """What the training labels say: the outputs to start from, and their deviation."""
    settings: TrainSection
    """The `[train]` section."""
    run: TrainingRun = field(default_factory=TrainingRun)
    """How weights move, where states and logs go; one's own model need not look at it."""
    ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """{category: what each of its ids stands for}, where that is known."""

    @property
    def units(self) -> int:
        """Width of the outputs: classes; 1 for binary and regression."""
        return HEADS[self.task].units(len(self.classes))

    def keras_inputs(self) -> dict[str, keras.KerasTensor]:
        """A keras.Input per feature: numbers (batch, size) float32, categories (batch,) int64."""
        return {item.name: item.symbolic() for item in self.inputs}

    @property
    def tables(self) -> dict[int, list[ModelInput]]:
        """The categories by the width of their embeddings, in the order they are looked up."""
        by_width: dict[int, list[ModelInput]] = {}
        for item in self.inputs:
            if item.kind is InputKind.CATEGORY:
                width = 8 if item.size <= 32 else 16 if item.size <= 256 else 32
                by_width.setdefault(width, []).append(item)
        return by_width

    def values(self, item: ModelInput) -> tuple[str, ...]:
        """What each id of a category stands for; without knowing better, its place among so many."""
        known = self.ids.get(item.name)
        return known or tuple(f"{item.name} {at} of {item.size}" for at in range(item.size))

    def encoded(self, entries: dict[str, keras.KerasTensor]) -> Any:
        """All numbers and categories as one vector (batch, all), categories through embeddings; where
        `clusters.feature` asks for it, what is told of the row's clusters is part of it.

        Args:
          entries: what `keras_inputs` returned.
        """
        parts = [entries[item.name] for item in self.inputs if item.kind is InputKind.NUMBERS]
        for width, items in self.tables.items():
            table = JointEmbedding([item.size for item in items], width)
            parts.append(table([entries[item.name] for item in items]))
        clusters = self.run.clusters
        if clusters is not None and clusters.standard is not None:
            vectors = clusters.standard.layer()(clusters.standard.columns(entries))
            parts.append(clusters.layer(beside=False)(vectors))
        return keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
