"""The page and the chart are made of a run's results alone."""

import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

from bench.chart import draw
from bench.document import page
from bench.results import Results
from bench.targets import targets
from tests.bench.recorded import recorded


def test_results_survive_their_file() -> None:
    results = recorded()
    assert Results.model_validate_json(results.model_dump_json()) == results
    assert results.sizes == [1000, 10_000]


def test_each_target_is_met_or_not_or_was_not_measured() -> None:
    verdicts = {one.what: (one.measured, one.is_met) for one in targets(recorded())}
    purge = "purge 1,000 bindings of 100 users"
    assert verdicts[f"{purge}: DELETE calls"] == ("100", True)
    assert verdicts[f"{purge}: DELETE calls in flight"] == ("9", True)
    assert verdicts[f"{purge}: time, to stock provider's"] == ("1/16.7", True)
    assert verdicts[f"{purge}: time, to terraform_data's"] == ("-", None)
    assert verdicts["no-op of 1,000 bindings: time, to stock provider's"] == ("0.8", False)
    assert verdicts["no-op of 10,000 bindings: time, to stock provider's"] == ("-", None), (
        "a failure counts for nothing"
    )
    assert verdicts["adopt of 10,000 bindings: time, to that of 1,000"] == ("12", True)
    assert verdicts["memory of the plugin at 10,000 bindings"] == ("90 MiB", True)


def test_the_page_shows_targets_times_and_gaps() -> None:
    text = page(recorded(), "performance.svg")
    assert "| no-op of 1,000 bindings: time, to stock provider's | at most 0.7 | 0.8 | **not met** |" in text
    assert "| mbs-erasure | 5.0 | 4.0 | - | 4.0 | 3.0 | 1,300 B |" in text
    assert "| stock provider | 60.0 | 5.0 | - | - | 50.0 | 2,700 B |" in text
    assert "| terraform_data | - " not in text, "what was not measured takes no line"
    assert "- terraform_data, 1,000 and 10,000 bindings: there is no terraform on this machine's PATH." in text
    assert "![" in text
    assert "](performance.svg)" in text


def test_every_table_of_the_page_is_whole() -> None:
    lines = page(recorded(), "performance.svg").splitlines()
    for before, after in itertools.pairwise(lines):
        if before.startswith("|") and after.startswith("|"):
            assert before.count("|") == after.count("|"), after


def test_the_page_names_neither_the_machine_nor_a_path() -> None:
    assert not re.search(r"/(home|root|work|tmp|Users)/", page(recorded(), "performance.svg"))


def test_the_chart_is_the_same_for_the_same_results(tmp_path: Path) -> None:
    for name in ("first.svg", "second.svg"):
        draw(recorded(), tmp_path / name)
    first = (tmp_path / "first.svg").read_bytes()
    assert first == (tmp_path / "second.svg").read_bytes()
    assert ElementTree.fromstring(first).tag.endswith("svg")  # noqa: S314 -- our own
