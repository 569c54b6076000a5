"""`init` on data as people have it: a configuration that loads, or one sentence and exit code 2."""

import random
import tomllib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.protobuf import text_format
from PIL import Image
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline import config as config_module
from pipeline.commands.init import main
from pipeline.prepare import prepare

Init = Callable[..., "Result"]
WORDS = [
    "the",
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "lazy",
    "dogs",
    "while",
    "seven",
    "wizards",
    "brew",
    "strong",
    "coffee",
]


class Result:
    """What a call of init left behind."""

    def __init__(self, code: int, out: str, err: str, target: Path) -> None:
        self.code, self.out, self.err, self.target = code, out, err, target

    @property
    def text(self) -> str:
        """The TOML."""
        return self.target.read_text()

    @property
    def toml(self) -> dict[str, Any]:
        """The TOML, parsed."""
        return tomllib.loads(self.text)

    @property
    def features(self) -> dict[str, Any]:
        """What becomes of each column, in one word."""
        return {
            name: value["as"] if isinstance(value, dict) else value
            for name, value in self.toml["features"].items()
        }

    @property
    def schema(self) -> dict[str, Any]:
        """The schema's columns by name."""
        text = self.target.with_suffix(".pbtxt").read_text()
        parsed = text_format.Parse(text, schema_pb2.Schema())
        return {feature.name: feature for feature in parsed.feature}

    def line(self, name: str) -> str:
        """The line of the TOML about a column."""
        return next(line for line in self.text.splitlines() if line.startswith(f"{name} ="))


@pytest.fixture
def init(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Init:
    def run(data: str | bytes | Path, *arguments: str, label: str = "y") -> Result:
        if isinstance(data, Path):
            path = data
        else:
            path = tmp_path / "data.csv"
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
        target = tmp_path / "my.toml"
        code = main([str(target), "--data", str(path), "--label", label, "--force", *arguments])
        captured = capsys.readouterr()
        result = Result(code, captured.out, captured.err, target)
        assert "Traceback" not in captured.err
        if code == 0:  # what it writes is what a run accepts
            prepare(config_module.load(str(target)), tmp_path / "output")
        else:
            assert captured.err.startswith("error: ") and captured.err.count("\n") == 1
        return result

    return run


def table(columns: dict[str, Callable[[int], object]], rows: int = 200, sep: str = ",") -> str:
    lines = [sep.join(columns)]
    lines += [sep.join(str(make(n)) for make in columns.values()) for n in range(rows)]
    return "\n".join(lines) + "\n"


def label(n: int) -> str:
    return "yes" if n % 3 == 0 else "no"


def noise(n: int) -> float:
    return random.Random(n).gauss(50, 10)


def test_every_kind_of_column(init: Init) -> None:
    result = init(
        table(
            {
                "y": label,
                "trip_id": lambda n: 1000 + n,
                "uuid": lambda n: f"{n * 7919:08x}-x",
                "constant": lambda n: "same",
                "empty": lambda n: "",
                "age": noise,
                "income": lambda n: 10 ** (random.Random(n).random() * 6),
                "city": lambda n: WORDS[n % 5],
                "flag": lambda n: n % 2,
                "grade": lambda n: n % 4,
                "zip": lambda n: f"0{n % 9}123",
                "day": lambda n: f"2024-01-{n % 28 + 1:02d}",
                "created_at": lambda n: 1_700_000_000 + n * 977,
                "notes": lambda n: " ".join(random.Random(n).choices(WORDS, k=9)),
                "rooms": lambda n: n * n % 97,
            },
            400,
        )
    )
    assert result.code == 0, result.err
    assert result.features == {
        "trip_id": "ignore",
        "uuid": "ignore",
        "constant": "ignore",
        "age": "zscore",
        "income": "log",
        "city": "vocabulary",
        "flag": "raw",
        "grade": "vocabulary",
        "zip": "vocabulary",
        "day": "date",
        "created_at": "date",
        "notes": "ignore",
        "rooms": "zscore",
    }
    assert result.toml["data"]["exclude"] == ["empty"]
    assert "400 different values in 400 rows: an identifier" in result.line("trip_id")
    assert "empty in every row" in result.text
    assert "always 'same'" in result.line("constant")
    assert result.schema["zip"].type == schema_pb2.BYTES
    assert list(result.schema["city"].string_domain.value) == sorted(WORDS[:5])
    assert "python run_local.py --config" in result.out


def test_a_binary_label_has_its_positive_class_last(init: Init) -> None:
    result = init(table({"y": label, "a": noise}))
    assert result.toml["data"]["task"] == "binary"
    target = result.schema["y"]
    assert target.type == schema_pb2.BYTES
    assert list(target.string_domain.value) == ["no", "yes"]
    assert list(target.not_in_environment) == ["SERVING"]
    assert target.presence.min_fraction == 1


@pytest.mark.parametrize(
    ("make", "task", "classes"),
    [
        (lambda n: n % 2, "binary", ["0", "1"]),
        (lambda n: f"{n % 2}.0", "binary", ["0.0", "1.0"]),
        (lambda n: ["ham", "spam"][n % 2], "binary", ["ham", "spam"]),
        (lambda n: ["True", "False"][n % 2], "binary", ["False", "True"]),
        (lambda n: ["rare", "often"][n % 5 > 0], "binary", ["often", "rare"]),
        (lambda n: WORDS[n % 5], "multiclass", sorted(WORDS[:5])),
        (lambda n: n % 12, "multiclass", [str(n) for n in range(12)]),
        (lambda n: n % 97, "regression", []),
        (noise, "regression", []),
    ],
)
def test_the_task_follows_the_label(
    init: Init, make: Callable[[int], object], task: str, classes: list[str]
) -> None:
    result = init(table({"y": make, "a": lambda n: noise(n + 1000)}))
    assert result.code == 0, result.err
    assert result.toml["data"]["task"] == task
    assert list(result.schema["y"].string_domain.value) == classes
    kind = schema_pb2.FLOAT if task == "regression" else schema_pb2.BYTES
    assert result.schema["y"].type == kind


def test_a_doubtful_task_says_how_to_override_it(init: Init) -> None:
    data = table({"y": lambda n: n % 5, "a": noise})
    doubtful = init(data)
    assert "use --task regression" in doubtful.text
    assert init(data, "--task", "regression").toml["data"]["task"] == "regression"


def test_missing_values_lower_the_presence(init: Init) -> None:
    result = init(table({"y": label, "a": lambda n: "" if n % 4 == 0 else noise(n), "b": noise}))
    assert result.schema["b"].presence.min_fraction == 1
    assert 0.2 < result.schema["a"].presence.min_fraction < 0.75
    assert "missing in 25.0% of the rows" in result.line("a")


def test_spelled_missing_numbers(init: Init) -> None:
    result = init(table({"y": label, "a": lambda n: "N/A" if n % 9 == 0 else noise(n)}))
    assert result.toml["data"]["missing"] == ["N/A"]
    assert result.features["a"] == "zscore"
    assert result.schema["a"].type == schema_pb2.FLOAT


def test_mixed_types_are_text_and_named_with_the_line(init: Init) -> None:
    data = table({"y": label, "a": lambda n: "twelve" if n == 99 else n % 30})
    result = init(data.replace("no,1\n", 'no,"1"\n'))
    assert result.features["a"] == "vocabulary"
    assert "199 of 200 values are numbers, but not 'twelve' (data.csv, line 101)" in result.text


def test_decimal_commas_are_told(init: Init) -> None:
    result = init(table({"y": label, "a": lambda n: f"{n % 50},5"}, sep=";"))
    assert "decimal comma" in result.text


def test_quoted_newlines_bom_semicolons_and_unicode(init: Init) -> None:
    rows = "".join(f'{label(n)};"a\r\nb{n % 3}";{n / 7};x\r\n' for n in range(100))
    result = init(('\ufeffy;"zwei\nzeilen";größe;"a ""b"" #"\r\n' + rows).encode())
    assert result.code == 0, result.err
    assert set(result.toml["features"]) == {"zwei\nzeilen", "größe", 'a "b" #'}
    assert result.schema["zwei\nzeilen"].string_domain.value[0] == "a\r\nb0"


def test_unbalanced_and_rare_classes_are_told(init: Init) -> None:
    make = lambda n: "fraud" if n % 100 == 0 else "fine"  # noqa: E731
    result = init(table({"y": make, "a": noise}, 500))
    assert "unbalanced: 'fine' in 99.0% of the rows" in result.text
    assert "fewer than 10 rows" in result.text and "fraud (5)" in result.text
    assert "unbalanced" in result.out


def test_columns_of_few_values_become_slices(init: Init) -> None:
    few = {name: lambda n, k=k: f"v{n % k}" for name, k in {"d": 7, "b": 3, "a": 5, "c": 2}.items()}
    many = {"many": lambda n: f"v{n % 13}", "x": noise}
    result = init(table({"y": label, **few, **many}, 200))
    assert result.toml["evaluate"]["slices"] == ["c", "b", "a"]
    assert len(config_module.load(str(result.target), []).config.evaluate.slices) == 3


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (lambda n: label(n).upper(), "every value of it occurs with one value of 'y' only"),
        (lambda n: noise(n) + 100 * (label(n) == "yes"), "AUC of 1.000"),
    ],
)
def test_leaks_are_told(init: Init, column: Callable[[int], object], why: str) -> None:
    result = init(table({"y": label, "a": noise, "leaky": column}))
    above = result.text.splitlines()[result.text.splitlines().index(result.line("leaky")) - 1]
    assert "Perhaps a leak" in above and why in above
    assert "leaky: perhaps a leak" in result.out.replace("\n", " ")


def test_a_label_in_other_units_is_a_leak(init: Init) -> None:
    result = init(
        table({"y": noise, "a": lambda n: noise(n + 999), "cents": lambda n: noise(n) * 100})
    )
    assert "correlation with 'y' is 1.0000" in result.text


GOOD = "y,a\n" + "".join(f"{label(n)},{n / 7}\n" for n in range(50))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "is empty"),
        ("y,a\n", "has no rows but a header"),
        ("y,a\nyes,1\n", "is 'yes' in every row"),
        (GOOD.replace("y,a", "Y ,a", 1), "There is no column 'y' .* Did you mean 'Y '?"),
        (GOOD.replace("yes,0.0", ",0.0"), "missing in 1 of 50 rows .first: data.csv, line 2"),
        ("y,a\n" + ",1\n" * 9, "label 'y' is empty in all 9 rows"),
        (GOOD.replace("y,a", "y,y", 1), "Column 'y' appears twice"),
        (GOOD.replace("y,a", "y,", 1), "Column 2 of .* has no name"),
        (GOOD + "yes,1,2\n", "line 52: 3 cells where the header has 2"),
        (GOOD.encode() + b"yes,\xe9\n", "line 52: not UTF-8"),
        ("y\n" + "yes\nno\n" * 50, "No column is left to predict 'y' from .it is the only one"),
        ("y,id\n" + "".join(f"{label(n)},{n}\n" for n in range(50)), "No column is left"),
        (
            "y,a\n" + "".join(f"text {n},{n / 7}\n" for n in range(50)),
            "neither classes nor a quantity",
        ),
        (
            "y,a\n" + "".join(f"{'x' if n == 7 else n / 3},{n / 7}\n" for n in range(50)),
            "Most are numbers, but not 'x'",
        ),
    ],
)
def test_what_cannot_be_learned_from_is_refused(
    init: Init, data: str | bytes, message: str
) -> None:
    import re

    result = init(data)
    assert result.code == 2
    assert re.search(message, result.err), result.err
    assert not result.target.exists()


def test_an_impossible_task_is_refused(init: Init) -> None:
    assert "is text: 'yes' in data.csv, line 2" in init(GOOD, "--task", "regression").err
    three = "y,a\n" + "".join(f"{n % 3},{n / 7}\n" for n in range(50))
    assert "two classes; 'y' has 3" in init(three, "--task", "binary").err


def test_files_are_not_overwritten_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "d.csv").write_text(GOOD)
    arguments = [str(tmp_path / "my.toml"), "--data", str(tmp_path / "d.csv"), "--label", "y"]
    assert main(arguments) == 0
    (tmp_path / "my.toml").unlink()
    capsys.readouterr()
    assert main(arguments) == 2
    assert "my.pbtxt is there already; --force overwrites it" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "usage"),
        (["my.yaml", "--data", "x", "--label", "y"], "should end in .toml"),
        (["nowhere/my.toml", "--data", "x", "--label", "y"], "no folder"),
        (["my.toml", "--data", "nothing.csv", "--label", "y"], "There is no 'nothing.csv'"),
        (["my.toml", "--data", "d.csv"], "--label is missing. The columns: y, a."),
        (
            ["my.toml", "--data", "d.csv", "--label", "y", "--exclude", "b"],
            "--exclude names no column: b",
        ),
        (["my.toml", "--data", "d.csv", "--label", "y", "--task", "guess"], "invalid choice"),
    ],
)
def test_bad_usage(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text(GOOD)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


def test_the_path_is_relative_to_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "d.csv").write_text(GOOD)
    (tmp_path / "configs").mkdir()
    assert main(["configs/my.toml", "--data", "d.csv", "--label", "y"]) == 0
    written = tomllib.loads((tmp_path / "configs/my.toml").read_text())
    assert written["data"]["path"] == "../d.csv"
    assert written["data"]["schema"] == "my.pbtxt"


def test_excluded_columns(init: Init) -> None:
    result = init(table({"y": label, "a": noise, "secret": noise}), "--exclude", "secret")
    assert result.toml["data"]["exclude"] == ["secret"]
    assert set(result.schema) == {"y", "a"}


def test_two_thousand_columns(init: Init) -> None:
    columns: dict[str, Callable[[int], object]] = {"y": label}
    columns |= {f"c{n}": (lambda row, n=n: noise(row * 2000 + n)) for n in range(2000)}
    result = init(table(columns, 60))
    assert len(result.features) == 2000
    assert "and 1960 more" in result.out


def test_parquet(tmp_path: Path, init: Init) -> None:
    count = 300
    columns = {
        "y": pa.array([n % 2 == 0 for n in range(count)]),
        "id": pa.array([n * 3 for n in range(count)]),
        "age": pa.array([None if n == 5 else float(n % 80) for n in range(count)]),
        "price": pa.array([noise(n) for n in range(count)]),
        "city": pa.array([WORDS[n % 4] for n in range(count)]).dictionary_encode(),
        "seen_at": pa.array([1_700_000_000 + n * 86_400 for n in range(count)], pa.timestamp("s")),
        "empty": pa.nulls(count),
        "code": pa.array([str(n % 9) for n in range(count)]),
    }
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    result = init(tmp_path / "a.parquet")
    assert result.code == 0, result.err
    assert list(result.schema["y"].string_domain.value) == ["false", "true"]
    assert result.schema["age"].type == schema_pb2.INT  # whole numbers that pandas made floats
    assert result.features == {
        "id": "ignore",
        "age": "zscore",
        "price": "zscore",
        "city": "vocabulary",
        "seen_at": "date",
        "code": "vocabulary",
    }
    nested = pa.table({**columns, "tags": [[1]] * count})
    pq.write_table(nested, tmp_path / "a.parquet")
    assert "Column 'tags'" in init(tmp_path / "a.parquet").err


def test_times_of_parquet_are_dates_whatever_their_name(tmp_path: Path, init: Init) -> None:
    count = 60
    moments = pa.array([1_700_000_000 + 5_000 * n for n in range(count)], pa.timestamp("s"))
    old = pa.array([-n * 86_400_000 for n in range(count)], pa.date64())  # before 1970: numbers
    columns = {"y": [n % 2 for n in range(count)], "sold": moments, "old": old}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert init(tmp_path / "a.parquet").features == {"sold": "date", "old": "zscore"}


def pictures(folder: Path, classes: int = 2, each: int = 5, pixels: int = 30) -> Path:
    for number in range(classes):
        (folder / f"class {number}" / "deep").mkdir(parents=True)
        for n in range(each):
            out = BytesIO()
            Image.new("RGB", (2 * pixels, pixels), (n * 20, number * 90, 7)).save(out, "JPEG")
            (folder / f"class {number}" / "deep" / f"{n}.jpg").write_bytes(out.getvalue())
    return folder


def test_pictures(tmp_path: Path, init: Init) -> None:
    result = init(pictures(tmp_path / "pets", 3), label="")
    assert result.code == 0, result.err
    assert result.toml["data"] | {"path": ""} == {
        "path": "",
        "label": "label",
        "task": "multiclass",
        "schema": "my.pbtxt",
        "exclude": [],
    }
    assert result.features == {"image": "image"}
    assert result.schema["image"].HasField("image_domain")


@pytest.mark.parametrize(("pixels", "size"), [(28, 0), (95, 0), (100, 96), (150, 128), (400, 160)])
def test_pictures_are_resized_to_what_they_show(
    tmp_path: Path, init: Init, pixels: int, size: int
) -> None:
    result = init(pictures(tmp_path / "pets", pixels=pixels), label="")
    assert result.toml["train"]["image"].get("size", 0) == size
    loaded = config_module.load(str(result.target), [])
    assert loaded.config.train.image.size == (size or 80)


@pytest.mark.parametrize(("count", "written"), [(999, {"image": {"least_steps": 100}}), (1000, {})])
def test_few_pictures_get_fewer_steps(
    tmp_path: Path, init: Init, count: int, written: dict[str, Any]
) -> None:
    out = BytesIO()
    Image.new("L", (28, 28), 7).save(out, "PNG")
    columns = {"image": [out.getvalue()] * count, "y": [n % 2 for n in range(count)]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    result = init(tmp_path / "a.parquet")
    assert result.toml.get("train", {}) == written
    steps = config_module.load(str(result.target), []).config.train.image.least_steps
    assert steps == (100 if written else 250)


def test_pictures_in_a_table_are_resized_too(tmp_path: Path, init: Init) -> None:
    files = sorted(pictures(tmp_path / "pets", pixels=200, each=20).rglob("*.jpg"))
    columns = {"image": [file.read_bytes() for file in files], "y": [n % 2 for n in range(40)]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert init(tmp_path / "a.parquet").toml["train"]["image"]["size"] == 160


def test_one_corrupt_picture_is_one(tmp_path: Path, init: Init) -> None:
    folder = pictures(tmp_path / "pets")
    (folder / "class 1" / "0.png").write_bytes(b"")
    told = init(folder, "--skip-corrupt", label="").out.replace("\n", " ")
    assert "one picture cannot be decoded and is left out" in told
    assert "2 folders, a class each" in told


def test_a_bound_is_proposed_and_loads_once_it_is_asked_for(tmp_path: Path, init: Init) -> None:
    rows = "".join(f"{n % 7},{n % 3},{n % 2}\n" for n in range(60))
    result = init("a,b,y\n" + rows)
    assert config_module.load(str(result.target), []).config.evaluate.gates == ()
    asked = result.text.replace("# [evaluate]", "[evaluate]").replace("# gates", "gates")
    result.target.write_text(asked)
    [gate] = config_module.load(str(result.target), []).config.evaluate.gates
    assert (gate.metric, gate.min) == ("auc", 0.7)


def test_corrupt_pictures_are_named_or_left_out(tmp_path: Path, init: Init) -> None:
    folder = pictures(tmp_path / "pets")
    cut = folder / "class 0" / "deep" / "1.jpg"
    cut.write_bytes(cut.read_bytes()[:-40])
    (folder / "class 1" / "0.png").write_bytes(b"")
    refused = init(folder, label="")
    assert refused.code == 2 and "1.jpg" in refused.err and "and 1 more" in refused.err
    told = init(folder, "--skip-corrupt", label="")
    assert told.toml["data"]["skip_corrupt"] is True
    assert "2 pictures cannot be decoded" in told.out.replace("\n", " ")


def test_one_class_of_pictures(tmp_path: Path, init: Init) -> None:
    assert "is 'class 0' in every row" in init(pictures(tmp_path / "pets", 1), label="").err


def test_a_folder_of_texts(tmp_path: Path, init: Init) -> None:
    for n in range(120):
        file = tmp_path / "mails" / ("ham", "spam")[n % 3 == 0] / f"{n}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"mail {n}: " + " ".join(WORDS[(n + k) % len(WORDS)] for k in range(9)))
    result = init(tmp_path / "mails", label="")
    assert result.code == 0, result.err
    assert result.features == {"text": "text"}
    assert (result.toml["data"]["label"], result.toml["data"]["task"]) == ("label", "binary")


def test_tfrecord(tmp_path: Path, init: Init) -> None:
    tf = pytest.importorskip("tensorflow")
    path = tmp_path / "a.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for n in range(200):
            example = tf.train.Example()
            feature = example.features.feature
            feature["y"].bytes_list.value.append(label(n).encode())
            feature["a"].float_list.value.append(noise(n))
            feature["b"].int64_list.value.append(n % 50)
            feature["many"].int64_list.value.extend(range(n % 3))
            feature["city"].bytes_list.value.append(WORDS[n % 4].encode())
            writer.write(example.SerializeToString())
    result = init(path)
    assert result.code == 0, result.err
    assert result.features == {"a": "zscore", "b": "zscore", "city": "vocabulary"}
    assert result.toml["data"]["exclude"] == ["many"]
    path.write_bytes(path.read_bytes()[:-5])
    assert "truncated: it ends inside record 200" in init(path).err


def test_nothing_heavy_is_imported() -> None:
    """For CSV, Parquet and pictures neither TensorFlow nor TFX, not even in passing."""
    import subprocess
    import sys

    code = (
        "import sys; from pipeline.commands.init import main; main(['--help'])\n"
        "heavy = {'tensorflow', 'tfx', 'tfx_bsl', 'apache_beam', 'pandas'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
