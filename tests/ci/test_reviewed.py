"""Whether what is planned is what was reviewed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from erasure.console.reviewed import purges_listed, reviewed, was_reviewed
from erasure.reports.plan import PlanReport
from tests.reports.samples import purge, report

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def planned(*computers: str, owed: tuple[str, ...] = ()) -> PlanReport:
    purges = [
        purge(name, user="u", destination="d", destination_name="Vault", is_owed=name in owed) for name in computers
    ]
    return report(purges, digest=DIGEST)


def comment(digest: str) -> str:
    return f"<!-- mbs-erasure plan: acme -->\n## Plan\n- Digest: `{digest}`\n\n| a | b |\n"


def assert_said(plan: PlanReport, shown: str, asked_for: str, words: str) -> None:
    was_shown, sentence = was_reviewed(plan, shown, asked_for)
    assert words in sentence
    assert was_shown is (words != "not what was reviewed")


def test_a_plan_without_purges_needs_no_review() -> None:
    assert_said(planned(), "", "", "nothing is to be purged")


def test_a_plan_is_reviewed_where_the_comment_shows_its_digest() -> None:
    assert_said(planned("A"), comment(DIGEST), "", "exactly what the pull request showed")
    assert_said(planned("A"), comment(DIGEST).replace("\n", "\r\n"), "", "exactly what the pull request showed")


@pytest.mark.parametrize(
    "shown",
    [
        "",
        comment(OTHER),
        DIGEST,
        f"- Approval of {DIGEST} has expired",
        f"| - Digest: `{DIGEST}` |",
        f"- Digest: {DIGEST}",
    ],
)
def test_another_comment_is_no_review_whatever_it_mentions(shown: str) -> None:
    assert_said(planned("A"), shown, OTHER, "not what was reviewed")


def test_a_person_may_ask_for_exactly_this_set_by_its_digest() -> None:
    assert_said(planned("A"), comment(OTHER), DIGEST, "asked for by its digest")


def test_what_a_reviewed_update_began_goes_on_but_takes_nothing_along() -> None:
    assert_said(planned("A", "B", owed=("A", "B")), comment(OTHER), "", "all begun by an earlier update")
    assert_said(planned("A", "B", owed=("A",)), comment(OTHER), "", "not what was reviewed")


def test_a_refusal_says_what_to_do() -> None:
    _, sentence = was_reviewed(planned("A", "B"), comment(OTHER), "")
    assert f"with the digest `{DIGEST}`" in sentence
    assert "2 purges of acme" in sentence


@pytest.mark.parametrize("text", ["", "{}", "\xff", '{"version": 1}'])
def test_what_is_no_plan_is_an_error_and_no_review(text: str, tmp_path: Path) -> None:
    file = tmp_path / "judged.json"
    file.write_text(text, encoding="latin-1")
    done = CliRunner().invoke(reviewed, [str(file), str(file)])
    assert done.exit_code == 1
    assert "is not a plan as a preview leaves it" in done.output


def test_the_list_is_cut_and_its_names_are_no_markup() -> None:
    assert purges_listed(planned("<b>@dana")) == "- `<b>@dana` of user `u` on `Vault`"
    assert purges_listed(planned(*(f"C{number}" for number in range(60)))).endswith(
        "- and 10 more: `python -m erasure plan` lists them all"
    )
