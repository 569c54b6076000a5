"""Which rows can be compared with each other: what `[clusters]` and propagation go with."""

from components.trainer.config import TrainSection
from components.trainer.pictures.config import SMALL
from components.trainer.techniques.clusters_config import ClustersSection
from data.tasks import Task


def comparable(
    clusters: ClustersSection, train: TrainSection, task: Task, pictures: bool, propagated: bool
) -> None:
    """Rows are compared by vectors that are known before anything is trained.

    Args:
      clusters: the section.
      train: whether the network is one that is known before.
      task: what is asked.
      pictures: whether a feature is a picture.
      propagated: whether labels spread.

    Raises:
      ValueError: what does not go together.
    """
    if clusters.backbone and not pictures:
        raise ValueError(
            "clusters.backbone is for pictures, and no feature is one. Leave it out. Received: "
            f"'{clusters.backbone}'"
        )
    backbone = clusters.backbone or train.image.backbone
    if pictures and backbone == SMALL and (clusters.count or propagated):
        raise ValueError(
            f"clusters and propagation compare pictures by a pretrained network; {SMALL} knows nothing "
            'yet. Name one: clusters.backbone = "efficientnet-lite0"'
        )
    if not clusters.count:
        if clusters.feature != "none":
            raise ValueError(
                "clusters.feature tells the model of clusters: set clusters.count to at least 2. "
                "Received: 0"
            )
        return
    if task is Task.SEQUENCE:
        raise ValueError("clusters.count: no clusters of sequences. Leave it out")
    tuned = train.image.fine_tune_epochs and train.image.fine_tune_blocks
    if clusters.feature != "none" and pictures and (tuned or clusters.backbone):
        raise ValueError(
            "clusters.feature: clusters are found before the network is trained, and one that is "
            "fine-tuned, or another than clusters.backbone, sees other features. Set "
            "train.image.fine_tune_epochs = 0 and leave clusters.backbone out, or set "
            'clusters.feature = "none"'
        )
