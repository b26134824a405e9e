"""Plain rules on plain values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from tracker import validation
from tracker.enums import Health
from tracker.errors import Refused

TODAY = date(2017, 6, 30)


def test_clean_text_composes_and_drops_what_nobody_can_see() -> None:
    assert validation.clean_text("  e\u0301te\u0301\x00\r\n\u202ebis\ufeff ") == "été\nbis"


def test_clean_text_keeps_joined_emoji() -> None:
    assert validation.clean_text("👩\u200d🚒") == "👩\u200d🚒"


def test_clean_text_on_one_line_joins_blanks() -> None:
    assert validation.clean_text("Dire\n\tbonjour", multiline=False) == "Dire bonjour"


def test_clean_text_keeps_one_blank_line_at_most() -> None:
    assert validation.clean_text("a\n\n \n\nb") == "a\n\nb"


@pytest.mark.parametrize(
    ("label", "expected"),
    [("Vie de l'équipe", "vie-de-l-equipe"), ("Cœur & bien-être", "coeur-bien-etre"), ("!!", "")],
)
def test_slugify(label: str, expected: str) -> None:
    assert validation.slugify(label) == expected
    if expected:
        assert validation.slug(expected) == expected


def test_lengths_are_those_of_the_columns() -> None:
    assert validation.title("é" * validation.TITLE_MAX)
    with pytest.raises(Refused, match="161 caractères") as refused:
        validation.title("é" * (validation.TITLE_MAX + 1))
    assert refused.value.field == "title"
    with pytest.raises(Refused):
        validation.body("a" * (validation.BODY_MAX + 1))
    with pytest.raises(Refused):
        validation.note("a" * (validation.NOTE_MAX + 1))


@pytest.mark.parametrize("check", [validation.title, validation.body, validation.reason])
def test_required_texts_refuse_blanks(check: Callable[[str | None], str]) -> None:
    for empty in (None, "", " \t\n", "\u200b"):
        with pytest.raises(Refused):
            check(empty)


def test_a_note_may_be_empty() -> None:
    assert validation.note("  ") is None


def test_a_reason_is_a_sentence() -> None:
    assert validation.reason("Le cadre juridique manque encore.")
    for short in ("non", "Trop cher", "Irréalisablement"):
        with pytest.raises(Refused):
            validation.reason(short)


def test_percentages() -> None:
    assert [validation.percentage(value) for value in (None, 0, 100)] == [None, 0, 100]
    for wrong in (-1, 101):
        with pytest.raises(Refused):
            validation.percentage(wrong)


def test_weights_are_positive() -> None:
    assert validation.weight(1) == 1
    for wrong in (0, -3, validation.WEIGHT_MAX + 1):
        with pytest.raises(Refused):
            validation.weight(wrong)


def test_dates_stay_in_the_projects_century() -> None:
    for wrong in (date(215, 1, 1), date(1989, 12, 31), date(2101, 1, 1)):
        with pytest.raises(Refused):
            validation.project_date(wrong, field="start")


def test_an_end_before_its_start_is_refused_at_the_end() -> None:
    same = date(2015, 3, 1)
    assert validation.date_range(same, same) == (same, same)
    assert validation.date_range(None, same) == (None, same)
    with pytest.raises(Refused) as refused:
        validation.date_range(date(2015, 3, 2), same, end_field="planned_end")
    assert refused.value.field == "planned_end"


def test_effective_on_is_neither_to_come_nor_before_the_opening() -> None:
    assert validation.effective_on(TODAY, today=TODAY, opened_on=TODAY) == TODAY
    with pytest.raises(Refused, match="à venir"):
        validation.effective_on(date(2017, 7, 1), today=TODAY)
    with pytest.raises(Refused, match="01/03/2015"):
        validation.effective_on(date(2015, 2, 28), today=TODAY, opened_on=date(2015, 3, 1))


@pytest.mark.parametrize("health", list(Health))
def test_health_needs_a_sentence_from_cloudy_on(health: Health) -> None:
    assert validation.health_sentence(health, " Il manque un local. ") == "Il manque un local."
    if health in {Health.CLOUDY, Health.STORM}:
        with pytest.raises(Refused):
            validation.health_sentence(health, "  ")
    else:
        assert validation.health_sentence(health, "") is None


def test_a_move_needs_a_reason_and_a_first_date_none() -> None:
    first = date(2015, 3, 1)
    assert validation.move_reason((None, None), (first, TODAY), None) is None
    assert validation.move_reason((first, TODAY), (first, TODAY), "") is None
    assert validation.move_reason((first, TODAY), (first, None), "Budget reporté") is not None
    for after in ((first, date(2018, 1, 1)), (None, TODAY)):
        with pytest.raises(Refused):
            validation.move_reason((first, TODAY), after, " ")


@pytest.mark.parametrize("value", ["", "-a", "a--b", "é", "a b", "a" * 61, "a/b"])
def test_bad_slugs(value: str) -> None:
    with pytest.raises(Refused):
        validation.slug(value)


def test_logins_are_kept_in_lower_case() -> None:
    assert validation.login(" Jeanne.Martin-2 ") == "jeanne.martin-2"
    for wrong in ("", "a", "élise", "a b", ".a", "a@b.fr", "a" * 65):
        with pytest.raises(Refused):
            validation.login(wrong)


def test_emails() -> None:
    assert validation.email(" Prenom.NOM@Ville.fr ") == "prenom.nom@ville.fr"
    for wrong in ("", "ville.fr", "a@", "a@b", "a b@ville.fr", "a@ville.fr\nBcc: b@ville.fr"):
        with pytest.raises(Refused):
            validation.email(wrong)


@pytest.mark.parametrize(
    "chosen",
    [
        "quatre chats dorment ici",
        "Vélo-Pont-Gabriel-19h",
        "le pain de seigle du mardi",
        "x7#Kq9!mZw2$",
    ],
)
def test_passwords_taken(chosen: str) -> None:
    assert validation.password(chosen, login="agent7", town_words=["Blois", "Agglopolys"]) == chosen


@pytest.mark.parametrize(
    "chosen",
    [
        "court",
        "onze-lettre",
        "aaaaaaaaaaaaa",
        "abcdefghijklmnop",
        "123456789012",
        "motdepasse2026",
        "M0tDeP@sse-2026",
        "Azertyuiop123!",
        "Blois2026Blois!",
        "agglopolys-2026",
        "jeanne.martin1",
        "projet-administration",
        "Projet Administration 1",
        "z" * 201,
    ],
)
def test_passwords_refused(chosen: str) -> None:
    with pytest.raises(Refused) as refused:
        validation.password(chosen, login="jeanne.martin", town_words=["Blois", "Agglopolys"], demo=False)
    assert refused.value.field == "password"
    assert chosen not in refused.value.message


def test_the_demo_password_is_for_the_demo_alone() -> None:
    assert validation.password("projet-administration", demo=True) == "projet-administration"
    with pytest.raises(Refused):
        validation.password("projet-administration")


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("12", 12), ("007", 7), ("999999999", 999_999_999), ("1000000000", None), ("9" * 5000, None), ("", None),
     ("-1", None), ("+1", None), (" 1", None), ("1.0", None), ("1e3", None), ("²", None), ("٣", None), ("1_0", None)],
)  # fmt: skip
def test_only_plain_short_digits_are_an_id(text: str, number: int | None) -> None:
    assert validation.as_id(text) == number
