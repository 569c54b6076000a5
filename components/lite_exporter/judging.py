"""Is a file good enough beside the model it was made of?"""

from components.lite_exporter.config import LiteSection
from components.lite_exporter.quality import drop


def refusal(lost: dict[str, float], agreement: float | None, section: LiteSection) -> str:
    """Why a file is not good enough; empty where it is."""
    found = [
        f"{metric} loses {value:.4g}, lite.max_drop is {section.max_drop:g}"
        for metric, value in lost.items()
        if not value <= section.max_drop  # a NaN is no pass
    ]
    if agreement is not None and not agreement >= section.min_agreement:
        found.append(
            f"{agreement:.1%} of the answers are the SavedModel's, lite.min_agreement is "
            f"{section.min_agreement:.1%}"
        )
    return "; ".join(found)


def lost(metrics: dict[str, float], reference: dict[str, float]) -> dict[str, float]:
    """{metric: how much less good than the reference}."""
    return {name: drop(name, value, reference[name]) for name, value in metrics.items()}
