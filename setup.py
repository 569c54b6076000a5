"""The distribution: four packages and what they need. `make setup` does not read this; pip and Beam do."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent


def direct_dependencies() -> list[str]:
    """What our code imports; install/requirements.in is the one list of it."""
    lines = (HERE / "install" / "requirements.in").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def long_description() -> str:
    readme = HERE / "README.md"
    return readme.read_text(encoding="utf-8") if readme.exists() else ""


setup(
    name="tfx-production-pipeline",
    version="0.1.0",
    description="From raw data to a served model: a production ML pipeline on TensorFlow Extended",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    author="the project's authors",
    python_requires=">=3.11,<3.13",
    # The names are generic, so they are listed: nothing else of the tree may travel along.
    packages=find_packages(
        include=[
            f"{name}{rest}"
            for name in ("pipeline", "components", "data", "serving")
            for rest in ("", ".*")
        ]
    ),
    # Configurations, schemas and templates; the data samples stay behind (a worker needs none).
    package_data={
        "pipeline": ["configs/*.toml", "configs/*.pbtxt", "reports/templates/*", "reports/tfma/*"],
        "serving": ["deploy/**/*"],
        "": ["py.typed"],
    },
    include_package_data=False,
    install_requires=direct_dependencies(),
    # Only the messages of a compiled pipeline; kfp itself is needed nowhere here.
    extras_require={"kubeflow": ["kfp-pipeline-spec>=2.16,<2.17"]},
    zip_safe=False,
)
