"""A whole run with a few bindings, on the real engine."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.cli import main
from bench.results import Operation, Results
from tests.bench.recorded import recorded


@pytest.mark.engine
def test_a_small_run_measures_and_counts(tmp_path: Path) -> None:
    results, page = tmp_path / "results.json", tmp_path / "page.md"
    options = ["--sizes", "20", "--contenders", "project threads", "--no-inventory"]
    outcome = CliRunner().invoke(main, [*options, "--results", str(results), "--page", str(page)])
    assert outcome.exit_code == 0, outcome.output
    measured = Results.model_validate_json(results.read_text())
    assert not measured.is_complete
    assert measured.problems() == []
    found = {(one.contender, one.operation): one for one in measured.measurements}
    ours = {operation: found["mbs-erasure", operation] for operation in Operation}
    assert ours[Operation.ADOPT].calls == {"GET": 2, "POST": 1}
    assert ours[Operation.NO_OP].calls == {}
    assert "DELETE" not in ours[Operation.PREVIEW].calls
    assert ours[Operation.PURGE_TENTH].calls["DELETE"] == 1
    assert ours[Operation.PURGE_ALL].calls["DELETE"] == 2
    assert {"engine", "program", "plugin"} <= ours[Operation.NO_OP].usage.part_peak_bytes.keys()
    assert found["threaded script", Operation.PURGE_ALL].calls == {"DELETE": 2}
    assert measured.state_bytes("mbs-erasure", 20)
    assert "| mbs-erasure |" in page.read_text()
    assert page.with_suffix(".svg").exists()


@pytest.mark.parametrize("options", [["--sizes", "0"], ["--sizes", "ten"], ["--contenders", "nobody"], ["--sizes", ""]])
def test_a_wrong_choice_is_refused_before_anything_runs(options: list[str]) -> None:
    outcome = CliRunner().invoke(main, options)
    assert outcome.exit_code == 2
    assert "Error: Invalid value" in outcome.output


def test_the_page_is_written_anew_without_measuring(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(recorded().model_copy(update={"measurements": []}).model_dump_json())
    options = ["--again", "--results", str(tmp_path / "results.json"), "--page", str(tmp_path / "page.md")]
    outcome = CliRunner().invoke(main, options)
    assert outcome.exit_code == 0, outcome.output
    assert "not measured" in (tmp_path / "page.md").read_text()
    assert json.loads((tmp_path / "results.json").read_text())["measurements"] == []
