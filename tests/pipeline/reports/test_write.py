"""pipeline/reports/: every section from files, in HTML, JSON and Markdown; what is missing is said."""

import html.parser
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.reports import facts, model, page, write


class Reader(html.parser.HTMLParser):
    """Text per section, tags with attributes, and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.section = ""
        self.text: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self.section = dict(attrs).get("id") or ""

    def handle_data(self, data: str) -> None:
        self.text[self.section] = self.text.get(self.section, "") + data

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def read(crowded: Path) -> Reader:
    return Reader((crowded / "report.html").read_text())


@pytest.fixture(scope="module")
def told(crowded: Path) -> dict[str, Any]:
    return dict(json.loads((crowded / "report.json").read_text()))


def test_every_section_is_there_and_none_failed(read: Reader, told: dict[str, Any]) -> None:
    assert told["problems"] == []
    ids = [name for name, _ in page.SECTIONS]
    assert [section["id"] for section in read.of("section")] == ids
    links = {link["href"] for link in read.of("a")}
    assert {f"#{name}" for name in ids} <= links


def test_nothing_of_the_data_becomes_markup(read: Reader, crowded: Path, hostile: str) -> None:
    assert len(read.of("script")) == 1
    assert all("onerror" not in image for image in read.of("img"))
    assert hostile in read.text["columns"] and hostile in read.text["verdict"]
    assert hostile in read.text["worst"] and hostile in read.text["slices"]
    markdown = (crowded / "report.md").read_text()
    assert "<script" not in markdown and "<img" not in markdown


def test_the_page_loads_nothing(read: Reader) -> None:
    for tag, attributes in read.tags:
        for name in ("src", "href", "srcset", "action", "data"):
            value = attributes.get(name) or ""
            local = value.startswith(("#", "data:")) or value in (
                "summary.json", "report.json", "log.txt", "tfma.html",
            )  # fmt: skip
            assert not value or local, (tag, value)
    [policy] = [m["content"] for m in read.of("meta") if m.get("http-equiv")]
    assert policy and policy.startswith("default-src 'none'") and "connect" not in policy


def test_pictures_only_where_they_are_pictures(read: Reader, told: dict[str, Any]) -> None:
    assert [bool(example["picture"]) for example in told["worst"]["examples"]] == [True, False]
    assert len(read.of("img")) == 2  # one in the middle of a cluster, one among the worst


def test_drift_is_against_the_last_other_data(told: dict[str, Any], hostile: str) -> None:
    section = told["drift"]
    assert section["against"] == "20250101-000000" and section["split"] == "train"
    distances = {(row["column"], row["measure"]): row for row in section["rows"]}
    moved = distances[hostile, "L-infinity"]
    assert moved["distance"] == pytest.approx(600 / 900 - 0.1) and moved["drifted"]
    assert distances["age", "Jensen-Shannon"]["distance"] > 0.2
    assert distances[hostile, "missing"]["distance"] == pytest.approx(0.1)
    assert section["drifted"] == sum(row["drifted"] for row in section["rows"])


def test_figures_agree_with_the_verdict(told: dict[str, Any]) -> None:
    accuracy, auc = told["metrics"]["overall"]
    assert (accuracy["change"], accuracy["better"]) == (pytest.approx(-0.01), False)
    assert (auc["change"], auc["better"]) == (pytest.approx(0.05), True)
    assert (accuracy["interval"], accuracy["difference"]) == ([0.78, 0.82], [-0.03, 0.01])
    assert told["verdict"]["gates"][0]["interval"] == [0.7, 0.9]
    assert len(told["metrics"]["per_class"]["lines"]) == 100
    assert told["slices"]["count"] == 200
    first = told["slices"]["lines"][0]
    assert first["slice"] == "" and first["rows"] == 5000
    numbered = [line["slice"] for line in told["slices"]["lines"] if line["slice"][5:].isdigit()]
    assert numbered == [f"city={number}" for number in range(199)]
    pairs = told["plots"]["confusion"]["pairs"]
    assert pairs == sorted(pairs, key=lambda pair: -pair["rows"]) and len(pairs) == 20
    assert told["training"]["best"] == 3
    rounds = told["training"]["rounds"]
    assert rounds["classes"][1] == "b" and rounds["lines"][1]["per_class"] == [60, 40]
    assert [line["best"] for line in rounds["lines"]] == [False, True]


def test_intervals_are_shown(read: Reader) -> None:
    assert "0.7800 to 0.8200" in read.text["metrics"]
    assert "−0.0300 to 0.0100" in read.text["metrics"]
    assert "0.7000 to 0.9000" in read.text["verdict"]
    assert "0.1000 to –" in read.text["slices"]


@pytest.mark.parametrize("why", ["", "row 3: <b>0.7</b> instead of 0.2"])
def test_what_a_server_answered_is_part_of_the_verdict(make_run: Any, why: str) -> None:
    infra = {"asked": True, "blessed": not why, "why": why, "server": "python -m serving"}
    infra |= {"rows": 32, "difference": 0.5 if why else 1e-8, "tolerance": 1e-5}
    folder = make_run(summary={"infra": {**infra, "load_seconds": None if why else 2.41}})
    write.write(folder.parents[1], folder.name)
    shown = Reader((folder / "report.html").read_text()).text["verdict"]
    assert "32 rows" in shown and "<= 1e-05" in shown
    assert (why or "by python -m serving, loaded in 2.4 s") in shown
    assert ("✗ no" if why else "✓ yes") in shown
    [line] = [line for line in (folder / "report.md").read_text().splitlines() if "served" in line]
    assert ("**no**" if why else "| yes |") in line and "<b>" not in line


def test_a_server_that_was_not_asked_is_not_in_the_verdict(make_run: Any) -> None:
    folder = make_run(summary={"infra": {"asked": False, "blessed": False}})
    write.write(folder.parents[1], folder.name)
    assert json.loads((folder / "report.json").read_text())["verdict"]["served"] is None


def test_codes_are_not_written_as_amounts(make_run: Any) -> None:
    columns = {"tract": 17031081700.0, "fare": 1234.5}
    folder = make_run(worst=[{"loss": 1.0, "label": "1", "prediction": "0", "columns": columns}])
    write.write(folder.parents[1], folder.name)
    shown = Reader((folder / "report.html").read_text()).text["worst"]
    assert "17031081700" in shown and "1,234.5" in shown


def test_it_stays_small(crowded: Path) -> None:
    assert (crowded / "report.html").stat().st_size < 3_000_000


def test_a_run_with_nothing_says_so(make_run: Any) -> None:
    folder = make_run(summary={"status": "failed", "outputs": {}, "metrics": {}, "pushed": None})
    write.write(folder.parents[1], folder.name)
    read = Reader((folder / "report.html").read_text())
    assert "no metrics" in read.text["metrics"].lower()
    assert "no plots" in read.text["plots"].lower()
    assert "no statistics" in read.text["columns"].lower()
    assert "Failed" in read.text["verdict"]
    assert json.loads((folder / "report.json").read_text())["problems"] == []


def test_a_broken_artifact_costs_one_section_only(make_run: Any) -> None:
    folder = make_run(verdict={"metrics": {"": {"auc": 0.5}}}, plots={"": {"roc": "nonsense"}})
    write.write(folder.parents[1], folder.name)
    told = json.loads((folder / "report.json").read_text())
    assert told["plots"] is None and told["metrics"]["overall"][0]["key"] == "auc"
    assert [problem.partition(":")[0] for problem in told["problems"]] == ["plots"]
    read = Reader((folder / "report.html").read_text())
    assert "A section could not be made: plots" in read.text[""]


def test_not_a_number_is_no_value(make_run: Any) -> None:
    folder = make_run(training={"epochs": [{"loss": float("nan"), "eval_loss": float("inf")}]})
    write.write(folder.parents[1], folder.name)
    text = (folder / "report.json").read_text()
    assert "NaN" not in text and "Infinity" not in text


def test_a_report_that_cannot_be_written_is_told_and_no_more(make_run: Any) -> None:
    folder = make_run()
    (folder / "request.json").write_text("{")
    assert "JSONDecodeError" in write.write_or_say(folder.parents[1], folder.name)
    shutil.rmtree(folder)
    said = write.write_or_say(folder.parents[1], folder.name)
    assert f"no run '{folder.name}'" in said


def test_the_same_data_as_before_is_no_drift(make_run: Any) -> None:
    folder = make_run()
    root = folder.parents[1]
    built = model.build(facts.gather(root, folder.name))
    assert built["drift"]["against"] == "" and "made no statistics" in built["drift"]["why_not"]


def test_smaller_models_are_shown_beside_the_model(
    read: Reader, told: dict[str, Any], crowded: Path, hostile: str
) -> None:
    assert [line["format"] for line in told["lite"]["lines"]] == ["SavedModel", "float16", "int8"]
    shown = " ".join(read.text["lite"].split())
    assert "first 800 rows" in shown and "1 not good enough, not pushed" in shown
    assert "2.0 MB" in shown and "1.5 kB" in shown and "0.8100" in shown
    assert f"accuracy loses {hostile}" in shown
    markdown = (crowded / "report.md").read_text()
    assert "| float16 | 1.5 kB | 0.8100 | 0.9000 | 0.5000 | yes |  |" in markdown
    assert "| **no** | accuracy loses" in markdown


def test_no_smaller_models_no_section(make_run: Any) -> None:
    folder = make_run()
    write.write(folder.parent.parent, folder.name)
    page_text = (folder / "report.html").read_text()
    assert 'id="lite"' not in page_text and "Smaller models" not in page_text
    assert "Smaller models" not in (folder / "report.md").read_text()
    assert json.loads((folder / "report.json").read_text())["lite"] == {}


def test_what_was_learned_before_is_shown(read: Reader, told: dict[str, Any]) -> None:
    made = told["pretraining"]
    assert (made["rows"], made["epochs"], made["best"]) == (1140, 3, 2)
    assert (made["first"], made["kept"]) == (0.9, 0.45)
    assert [len(points) for points in (made["curves"][0]["train"], made["curves"][0]["eval"])] == [
        3,
        3,
    ]
    shown = " ".join(read.text["pretraining"].split())
    assert "tell columns of which 20.0 % were spoiled" in shown and "0.4500 after the best" in shown


def test_nothing_learned_before_no_section(make_run: Any) -> None:
    folder = make_run()
    write.write(folder.parent.parent, folder.name)
    assert "Pre-training" not in (folder / "report.html").read_text()
    assert json.loads((folder / "report.json").read_text())["pretraining"] == {}


def test_clusters_are_shown(read: Reader, told: dict[str, Any]) -> None:
    made = told["clusters"]
    assert [(each["number"], each["size"], each["share"]) for each in made["clusters"]] == [
        (1, 855, 0.75),
        (2, 285, 0.25),
    ]
    assert made["clusters"][0]["mix"].endswith(" 75 %, class 1 15 %, class 2 10 %")
    assert made["clusters"][1]["mix"] == "–"
    pictures = [bool(row["picture"]) for row in made["clusters"][0]["nearest"]]
    assert pictures == [True, False]
    shown = " ".join(read.text["clusters"].split())
    assert "2 clusters by k-means" in shown and "told to the model: one-hot" in shown
    assert "70.0 % of the labelled rows would be right" in shown
    assert "high (+1.5)" in shown and "Silhouette 0.2500" in shown


def test_no_clusters_no_section(make_run: Any) -> None:
    folder = make_run()
    write.write(folder.parent.parent, folder.name)
    assert 'id="clusters"' not in (folder / "report.html").read_text()
    assert json.loads((folder / "report.json").read_text())["clusters"] == {}
