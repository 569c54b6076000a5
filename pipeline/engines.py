"""Engine name -> Beam arguments. The runner is always named: left to choose, Beam downloads one."""

LOCAL_RUNNER = "--runner=FnApiRunner"
ENGINES = ("local",)


def beam_args(engine: str = "local") -> list[str]:
    """Arguments for the components' Beam jobs.

    Args:
      engine: `local`, in this process.

    Raises:
      ValueError: an unknown engine.
    """
    if engine not in ENGINES:
        raise ValueError(f"no engine '{engine}'. Valid: {', '.join(ENGINES)}")
    # Without some package or image named, every Beam component first packs a copy of TFX to ship to
    # workers (2 s each); in this process there is nobody to ship it to.
    return [LOCAL_RUNNER, "--sdk_container_image=unused"]
