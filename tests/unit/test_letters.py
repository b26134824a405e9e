"""The pure part of letters: quarters, canonical JSON, the document and its forms."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.enums import ActionStatus, Motive, Outcome
from tracker.errors import Refused
from tracker.exports import eml, qr
from tracker.letters import (
    Facts,
    Figures,
    Period,
    Quarter,
    Resolved,
    Section,
    canonical,
    compose,
    content_of,
    digest,
    document,
    letter_title,
    markdown_of,
    measure,
    paper,
    references,
    text_of,
)
from tracker.letters.chart import Point, status_chart
from tracker.letters.facts import ActionFact, AnswerFact, GroupFact, PointFact, ThanksFact

KNOWN = datetime(2017, 4, 10, 9, 0, tzinfo=UTC)


def answer(number: int = 48, **values) -> AnswerFact:
    given = {
        "decision_id": number, "number": number, "title": f"Idée {number}", "outcome": Outcome.RETAINED,
        "motive": Motive.FEASIBLE, "reason": "C'est utile. Nous le ferons dès septembre.",
        "taken_on": date(2017, 2, 1), "published_on": date(2017, 2, 8), **values,
    }  # fmt: skip
    return AnswerFact(**given)


def action(number: int = 12, **values) -> ActionFact:
    given = {
        "number": number, "title": f"Action {number}", "group": "Outils", "status": ActionStatus.IN_PROGRESS,
        "before": None, "on": date(2017, 2, 3), "planned_end": date(2017, 3, 1), "first_end": date(2017, 1, 1),
        "why": "Le matériel n'est pas arrivé.", "update_id": number, "proposals": ((48, "Idée 48"),), **values,
    }  # fmt: skip
    return ActionFact(**given)


def facts(**values) -> Facts:
    closing = {"contributors": 5, "actions": 4, "actions_done": 1, "late": 1, "silent": 0}
    given = {
        "project": "projet", "project_title": "Un projet", "letter_name": "La lettre du projet",
        "period": Period("2017-T1", date(2016, 12, 31), date(2017, 3, 31), KNOWN, previous_number=8),
        "figures": Figures(
            opening={"contributors": 3, "actions": 2}, before={"contributors": 4, "actions": 2}, closing=closing
        ),
        "answers": (answer(),), "late": (action(),),
        "points": (PointFact(date(2017, 3, 31), {ActionStatus.DONE: 1, ActionStatus.IN_PROGRESS: 3}),),
        "groups": (GroupFact("outils", "Outils", 1, 0),), "thanks": (ThanksFact(7, 48), ThanksFact(9, 48)), **values,
    }  # fmt: skip
    return Facts(**given)


def content(given: Facts | None = None, number: int | None = 9) -> dict:
    given = given or facts()
    return content_of(given, compose(given), title=letter_title(given.letter_name, number, "2017-T1"), number=number)


NAMES = Resolved(authorships={7: (1, "Odile Martin")})


@pytest.mark.parametrize(("name", "first", "last"), [("2017-T1", (1, 1), (3, 31)), ("2016-T4", (10, 1), (12, 31))])
def test_a_quarter_knows_its_days_and_its_neighbours(name, first, last) -> None:
    quarter = Quarter.parse(name)
    assert str(quarter) == name
    assert quarter.first_day == date(quarter.year, *first)
    assert quarter.last_day == date(quarter.year, *last)
    assert quarter.next.previous == quarter
    assert Quarter.of(quarter.last_day) == quarter


@pytest.mark.parametrize("name", ["", "2017", "2017-T5", "2017-t1", "17-T1", "2017-T1x", "²017-T1", "2٠17-T1"])
def test_a_quarter_written_otherwise_is_refused(name) -> None:
    with pytest.raises(Refused):
        Quarter.parse(name)


def test_names_of_quarters_sort_as_their_days() -> None:
    quarters = Quarter.range(date(2015, 2, 1), date(2017, 1, 1))
    assert [str(q) for q in quarters] == sorted(str(q) for q in quarters)
    assert len(quarters) == 9


def test_canonical_json_is_the_same_whatever_the_order_of_keys() -> None:
    assert canonical({"b": 1, "a": "é"}) == canonical({"a": "é", "b": 1}) == '{"a":"é","b":1}'
    assert digest("é") == digest("é")


def test_the_same_facts_give_the_same_bytes() -> None:
    assert canonical(content()) == canonical(json.loads(canonical(content())))
    assert digest(canonical(content())) == digest(canonical(content()))


def test_opening_corrections_and_changes_make_the_closing() -> None:
    counters = content()["counters"]
    for key, closing in counters["closing"].items():
        assert counters["opening"][key] + counters["corrections"][key] + counters["changes"][key] == closing


def test_nobody_is_named_in_what_is_frozen() -> None:
    frozen = canonical(content())
    assert "Martin" not in frozen
    assert references(content())["authorship"] == (7, 9)


def test_names_are_those_that_still_agree() -> None:
    thanks = document(content(), NAMES).section("thanks")
    assert thanks is not None
    assert [person.name for person in thanks.people] == ["Odile Martin"]
    assert document(content(), Resolved()).section("thanks").people == ()  # type: ignore[union-attr]


def test_a_withdrawn_text_is_not_shown_any_more() -> None:
    shown = document(content(), Resolved(withdrawn_decisions=frozenset({48}), withdrawn_updates=frozenset({12})))
    text = text_of(shown, lambda kind, key: "")
    assert "utile" not in text
    assert "matériel" not in text
    assert text.count("Texte retiré.") == 2


def test_an_action_without_a_word_says_so() -> None:
    shown = document(content(facts(late=(action(why="", update_id=None),))), NAMES)
    assert "Le pilote n'a pas encore dit pourquoi." in text_of(shown, lambda kind, key: "")


def test_the_text_has_short_lines_and_leads_to_the_page() -> None:
    text = text_of(document(content(), NAMES), lambda kind, key: f"https://exemple.fr/{kind}/{key}")
    assert max(map(len, text.splitlines())) <= 76
    assert "https://exemple.fr/letter/9" in text
    assert "Odile Martin (n° 48)" in " ".join(text.split())


def test_hidden_blocks_and_those_not_for_everybody_are_left_out() -> None:
    given = content()
    by_key = {block["id"]: block for block in given["blocks"]}
    by_key["answers"]["hidden"] = True
    by_key["late"]["audience"] = "agents"
    keys = [section.key for section in document(given, NAMES, public=True).sections]
    assert "answers" not in keys
    assert "late" not in keys
    assert "late" in [section.key for section in document(given, NAMES).sections]


def test_what_the_editor_wrote_takes_the_place_of_a_list_but_stands_before_figures() -> None:
    given = content()
    by_key = {block["id"]: block for block in given["blocks"]}
    by_key["answers"]["edited_text"] = by_key["counts"]["edited_text"] = "Mes mots."
    shown = document(given, NAMES)
    assert shown.section("answers").entries == ()  # type: ignore[union-attr]
    assert shown.section("counts").counts  # type: ignore[union-attr]


def test_a_rewriting_begins_with_what_the_data_says() -> None:
    answers = document(content(), NAMES).section("answers")
    assert answers is not None
    assert markdown_of(answers).startswith("- **Idée 48** (Proposition n° 48, retenue).")
    assert markdown_of(replace(answers, written="Autre chose.")) == "Autre chose."


def test_a_list_too_long_to_be_read_is_told_by_its_beginning_and_its_number() -> None:
    declined = tuple(answer(n, outcome=Outcome.DECLINED) for n in range(1, 1001))
    many = facts(
        answers=(*declined, answer(1001)), late=tuple(action(n) for n in range(1, 1400)),
        thanks=tuple(ThanksFact(7 + n, 48) for n in range(1001)),
    )  # fmt: skip
    shown = document(content(many), NAMES)
    late, answers, thanks = (shown.section(key) for key in ("late", "answers", "thanks"))
    assert late
    assert answers
    assert thanks
    assert (len(late.entries), late.title) == (25, "1\u202f399 actions en retard, et pourquoi")
    assert late.more == "Et 1\u202f374 autres, à lire dans la liste des actions."
    assert answers.title == "1\u202f001 réponses du comité de pilotage, dont 1 proposition retenue"
    assert answers.entries[0].link
    assert answers.entries[0].link.key == 1001
    assert "autres personnes" in thanks.more
    every_form = (text_of(shown, lambda kind, key: f"https://exemple.fr/{kind}/{key}"), markdown_of(late))
    assert all("autres, à lire dans la liste des actions." in " ".join(form.split()) for form in every_form)
    assert late.more in [piece.text for piece in pieces_of(paper.sheet(shown))]
    whole = document(content(facts(late=tuple(action(n) for n in range(1, 101)))), NAMES).section("late")
    assert whole
    assert (len(whole.entries), whole.more) == (100, "")


def test_all_are_answered_and_thanked_in_the_letter_of_a_town_that_answers_all_its_agents_at_once() -> None:
    answered = tuple(answer(n) for n in range(1, 118))
    kept = content(facts(answers=answered, thanks=tuple(ThanksFact(7 + n, 48) for n in range(750))))
    data = {block["kind"]: block["data"] for block in kept["blocks"]}
    assert (len(data["answers"]["answers"]), len(data["thanks"]["people"])) == (117, 750)
    assert not {"more"} & {*data["answers"], *data["thanks"]}


def test_the_figure_has_a_title_patterns_and_no_style() -> None:
    chart = str(document(content(), NAMES).section("figure").chart)  # type: ignore[union-attr]
    assert "<title" in chart
    assert "<pattern" in chart
    assert "style=" not in chart
    assert ">3 en cours<" in chart


def test_a_full_quarter_is_told_more_briefly_on_paper_and_loses_no_number() -> None:
    many = facts(
        answers=tuple(answer(n, reason="Une phrase qui explique longuement. " * 6) for n in range(1, 60)),
        late=tuple(action(n, why="Une raison qui prend une ligne entière. " * 4) for n in range(1, 30)),
    )
    shown = document(content(many), NAMES)
    made = paper.sheet(shown)
    assert len(made.sides) == 2
    pieces = pieces_of(made)
    told = {str(one.entry.link.key) for one in pieces if one.kind == "entry" and one.entry and one.entry.link}
    wanted = {
        str(one.link.key) for part in shown.sections if part.kind in {"answers", "actions"} for one in part.entries
    }
    assert told | set(made.named) == wanted
    assert all(number in " ".join(one.text for one in pieces) for number in made.named)


def pieces_of(made: paper.Sheet) -> list[paper.Piece]:
    return [piece for side in made.sides for column in side.columns for piece in column]


def test_a_quiet_quarter_is_told_in_full_in_large_type_on_two_sides() -> None:
    made = paper.sheet(document(content(), NAMES))
    entry = next(one.entry for one in pieces_of(made) if one.kind == "entry")
    assert entry is not None
    assert entry.text.startswith("C'est utile. Nous le ferons dès septembre.")
    assert made.size == "size-120"
    assert len(made.sides) == 2
    assert made.wide is not None
    assert not made.named


def test_nothing_of_a_letter_is_lost_between_columns_and_a_heading_is_never_alone() -> None:
    long = facts(answers=tuple(answer(n, reason="Une phrase. " * (3 * n)) for n in range(1, 25)))
    made = paper.sheet(document(content(long), NAMES))
    kinds = [[piece.kind for piece in column] for side in made.sides for column in side.columns]
    assert [kind for column in kinds for kind in column].count("head") >= 4
    assert all(column[-1] != "head" for column in kinds if column)


def test_a_text_longer_than_the_sheet_goes_on_to_a_third_side() -> None:
    free = "\n\n".join("Un paragraphe qui se suffit et qui ne sera jamais coupé. " * 12 for _ in range(60))
    shown = document(content(), NAMES)
    longer = replace(shown, sections=(*shown.sections, Section(key="libre", kind="text", title="Libre", written=free)))
    made = paper.sheet(longer)
    assert len(made.sides) > 2
    assert sum(one.kind == "written" for one in pieces_of(made)) >= 60


def test_lengths_follow_the_typeface() -> None:
    assert measure.lines([("", False)], 10) == 0
    assert measure.lines([("un mot", False)], 10) == 1
    assert measure.lines([("un mot " * 10, False)], 10) > measure.lines([("un mot " * 10, False)], 20)
    assert measure.width("MMM") > measure.width("iii")
    assert measure.width("été") == measure.width("ete")
    assert measure.width("mot", bold=True) > measure.width("mot")
    assert measure.lines([("x" * 200, False)], 10) == 9  # a word with no place to break is cut


@given(text=st.text(max_size=300), room=st.floats(1.5, 60))
def test_a_wider_column_never_needs_more_lines(text: str, room: float) -> None:
    assert measure.lines([(text, False)], room + 5) <= measure.lines([(text, False)], room)


def test_the_message_is_the_same_every_time_and_addressed_to_nobody() -> None:
    made = [
        eml.message(subject="Été", text="Bonjour", html="<p>Bonjour</p>", seed="a", host="exemple.fr", sent_at=KNOWN)
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert b"\nTo:" not in made[0]
    assert b"X-Unsent: 1" in made[0]


def test_styles_of_a_mail_are_written_into_its_elements() -> None:
    html = eml.inlined("<html><head><style>p { color: #123456 }</style></head><body><p>x</p></body></html>")
    assert "#123456" in html.split("<body>")[1]
    assert "<style" not in html


def test_the_code_on_paper_has_a_title_and_no_style() -> None:
    code = str(qr.svg("http://exemple.fr/lettres/9", title="La lettre"))
    assert "<title>La lettre</title>" in code
    assert "style=" not in code


def test_dates_under_the_figure_do_not_touch_at_the_size_of_paper() -> None:
    points = [Point(date(2017, month, 28), f"{month:02d} sept. 2017", {ActionStatus.DONE: 3}) for month in range(1, 13)]
    for shown in (points, points[:5], points[:2]):
        drawn = str(status_chart(shown, reading="", label=lambda status, n: "", key="x"))
        places = [float(x) for x in re.findall(r'x="([0-9.]+)" y="252"', drawn)]
        assert all(after - before >= 13 * 9 for before, after in pairwise(places))
