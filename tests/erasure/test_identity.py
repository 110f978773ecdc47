"""Which spellings are one binding."""

import pytest

from erasure.identity import Identity


def test_an_id_is_made_of_three_folded_and_escaped_parts() -> None:
    identity = Identity("6970973D-E245", "74C0060B", "Büro PC/1")
    assert identity.id == "6970973d-e245/74c0060b/b%C3%BCro%20pc%2F1"


@pytest.mark.parametrize(
    ("one", "other"),
    [("PC", "pc"), ("BÜRO", "büro"), ("Bu\u0308ro", "Büro"), ("STRASSE", "straße"), ("ΣΙΓΜΑΣ", "σιγμας")],
)
def test_case_and_composition_do_not_make_another_binding(one: str, other: str) -> None:
    assert Identity("u", "d", one).id == Identity("U", "D", other).id


@pytest.mark.parametrize(("one", "other"), [("PC 1", "PC1"), ("José", "Jose"), ("a/b", "a%2Fb"), ("PC", "PC ")])
def test_other_names_are_other_bindings(one: str, other: str) -> None:
    assert Identity("u", "d", one).id != Identity("u", "d", other).id


def test_parts_do_not_run_into_each_other() -> None:
    assert Identity("a/b", "c", "d").id != Identity("a", "b/c", "d").id


@pytest.mark.parametrize("other", ["PC ", " pc", "PC", "P\u200bC", "Ｐc"])  # noqa: RUF001 -- a wide letter
def test_what_a_server_might_take_for_the_same_is_alike(other: str) -> None:
    assert Identity("u", "d", "PC").skeleton == Identity("u", "d", other).skeleton


@pytest.mark.parametrize("other", ["P C", "PÇ", "PC-1"])
def test_what_no_server_takes_for_the_same_is_not_alike(other: str) -> None:
    assert Identity("u", "d", "PC").skeleton != Identity("u", "d", other).skeleton
