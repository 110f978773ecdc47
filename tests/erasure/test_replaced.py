"""Files that are written whole or not at all."""

from pathlib import Path

import pytest

from erasure.replaced import replaced


def test_a_file_is_replaced_once_its_draft_is_whole_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("old", encoding="utf-8")
    with replaced(file) as draft:
        draft.write_text("new", encoding="utf-8")
        assert file.read_text(encoding="utf-8") == "old"
    assert file.read_text(encoding="utf-8") == "new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_file_stays_as_it_was_where_its_draft_was_not_finished(tmp_path: Path, error: type[BaseException]) -> None:
    file = tmp_path / "plan.json"
    file.write_text("old", encoding="utf-8")

    def write_half() -> None:
        with replaced(file) as draft:
            draft.write_text("ne", encoding="utf-8")
            raise error

    with pytest.raises(error):
        write_half()
    assert file.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]
