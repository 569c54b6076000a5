"""The `[train]` section: which model, how long, how fast."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from components.trainer.pictures.config import ImageSettings
from components.trainer.sequence.config import SequenceSettings
from components.trainer.text.config import TextSettings
from data.saved_models import BLESSED

Precision = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]


class TrainSection(BaseModel):
    """How the model is built and fitted. Columns: a network with embeddings; pictures: `image`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = ""
    """Import path of one's own `build(spec) -> keras.Model` (see components/trainer/spec.py); empty:
    ours."""
    epochs: int = Field(default=10, ge=1)
    """At most so many passes over the training rows."""
    steps: int = Field(default=0, ge=0)
    """Train for exactly so many steps whatever the epochs, unless `patience` ends it before; 0: by
    epochs."""
    batch_size: int = Field(default=64, ge=1)
    """Rows per training step."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Adam's first learning rate."""
    schedule: Literal["cosine", "linear", "exponential", "constant"] = "cosine"
    """How the learning rate falls over the whole training, of every kind of model: cosine and linear
    to 0, exponential to a hundredth, constant not at all."""
    warmup: float = Field(default=0.0, ge=0, lt=1)
    """Share of the steps over which the learning rate first rises from 0."""
    clip_norm: float = Field(default=0.0, ge=0)
    """Gradients longer than this, over all weights together, are shortened to it; 0: never, but for
    sequences, which then have 1. For losses that jump."""
    warm_start: str = ""
    """Begin with the weights of an earlier model instead of drawing new ones. true or blessed: the
    newest version in the serving directory; or the path of a pushed version, of a SavedModel of this
    pipeline's Trainer, or of the Trainer's output; or the name of another pipeline. Weights are
    matched by name, rows of embeddings by the value they stand for; what fits nowhere is told in the
    log and the summary, and another network is refused. false: train anew."""
    checkpoint_seconds: float = Field(default=60.0, ge=0)
    """A training that is killed goes on from a state at most so many seconds (and one step) old when it
    is run again; 0: it starts anew. The states lie under `cache/` and go when it is complete."""
    devices: Literal["auto", "one"] | Annotated[int, Field(ge=1)] = "auto"
    """auto: a copy of the model on every GPU of this machine, which share each batch; one; or how many
    GPUs. Without GPUs auto is one. Steps are then taken one at a time (`steps_per_execution`)."""
    jit_compile: bool = False
    """Compile the training step with XLA: seconds at the start, and again where the last batch of an
    epoch is smaller than the others; sequences are then padded to their full length. Whether it pays,
    `make bench-graph-speed` measures. What is served is not compiled."""
    steps_per_execution: int = Field(default=10, ge=1)
    """Columns: steps between two returns to Python, where the number of steps allows; an epoch is
    rounded up to a multiple of it. Pictures, texts and sequences go step by step: theirs take long."""
    hidden: tuple[int, ...] = (128, 64)
    """Units of each hidden layer; none: a linear model."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of each hidden layer's outputs dropped in training."""
    weight_decay: float = Field(default=0.0, ge=0)
    """AdamW's decay per step, times the learning rate; 0: plain Adam."""
    regression_loss: Literal["squared", "absolute", "huber"] = "squared"
    """squared aims at the mean, absolute at the median; huber, squared up to one standard deviation
    of the label, shrugs off a few wild values."""
    threshold: Literal["hamming", "f1"] = "hamming"
    """Multi-label: what the threshold of each label is chosen by on the eval split: hamming, fewest
    wrong labels; f1, the label's highest F1 (finds more, says more that is wrong)."""
    balance_classes: bool = False
    """Weigh each class by the inverse of its frequency. Finds rare classes more often, and its
    probabilities are then too high for them; off, they are honest."""
    patience: int = Field(default=3, ge=1)
    """Stop when the eval split's loss has not improved for so many epochs; the best one is kept."""
    precision: Precision = "auto"
    """Of columns: float32, mixed_float16, mixed_bfloat16, or auto: reduced only where a short probe
    measures it faster on this machine, never on a CPU. Pictures and texts have their own; sequences
    stay in float32."""
    seed: int = 0
    """Another number gives another order of rows, dropout and first weights."""
    image: ImageSettings = ImageSettings()
    """Pictures: `[train.image]`."""
    text: TextSettings = TextSettings()
    """Texts: `[train.text]`."""
    sequence: SequenceSettings = SequenceSettings()
    """Sequences: `[train.sequence]`."""

    @field_validator("warm_start", mode="before")
    @classmethod
    def _as_name(cls, value: object) -> object:
        if isinstance(value, bool):
            return BLESSED if value else ""
        return value
