"""A list of projects, row by row, to actions with their log."""

from __future__ import annotations

from datetime import date

import pytest

from tracker.enums import ActionStatus, Health
from tracker.imports.actions import ActionImport, UpdateImport, read_actions
from tracker.imports.csvfile import read_csv
from tracker.imports.issues import ImportIssue, Issues, Severity
from tracker.imports.mapfile import read_mapping

TODAY = date(2020, 1, 31)
HEADER = "n°;nom;état;vote;études;travaux;fin;ouverture"
MAP = """
kind = "actions"
source = "essai"
key = "n°"
as_of = 2019-12-31

[project]
slug = "essai"

[[filter]]
column = "vote"
from = 2015
to = 2018

[fields]
title = "{nom}"
summary = "Voté en {vote}."
theme = "Cadre de vie"
status = "{état}"
opened_on = "{vote}-10"
planned_start = "{études}"
planned_end = "{fin}"

[values.status]
"FIN" = "done"
"TRAVAUX" = "in_progress"
"RIEN" = "to_start"
"ARRÊT" = "stopped"

[dates]
formats = ["%Y-%m"]
nothing = ["Non fixé"]

[[step]]
key = "études"
label = "Études"
on = "{études}"

[[step]]
key = "travaux"
label = "Travaux"
on = "{travaux}"

[[step]]
key = "fin"
label = "Livraison"
on = "{fin}"
day = "last"
after = "travaux"

[[step]]
key = "ouverture"
label = "Ouverture"
on = "{ouverture}"
day = "last"
states = "done"

[reached]
"TRAVAUX" = ["études", "travaux"]
"FIN" = ["études", "travaux", "fin", "ouverture"]

[stop]
on = 2019-06-30
note = "Arrêt sans date à la source."
"""


def read(*rows: str, mapping: str = MAP) -> tuple[tuple[ActionImport, ...], tuple[ImportIssue, ...]]:
    issues = Issues()
    found = read_mapping(mapping.encode(), kind="actions", today=TODAY, issues=issues)
    assert found is not None, issues.sorted()
    table = read_csv("\n".join([HEADER, *rows]).encode())
    return read_actions(table, found, issues), issues.sorted()


def read_one(row: str) -> tuple[ActionImport, tuple[ImportIssue, ...]]:
    (action,), issues = read(row)
    return action, issues


def told(action: ActionImport) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(str(one.effective_on), one.status.value, one.done) for one in action.updates]


def test_the_log_follows_the_dates_of_the_steps_reached() -> None:
    action, issues = read_one("1;Une place;FIN;2015;2016-02;2017-03;2018-06;2018-09")
    assert issues == ()
    assert told(action) == [
        ("2015-10-01", "to_start", ()),
        ("2016-02-01", "in_progress", ("études",)),
        ("2017-03-01", "in_progress", ("travaux",)),
        ("2018-06-30", "in_progress", ("fin",)),
        ("2018-09-30", "done", ("ouverture",)),
    ]
    plans = {(one.planned_start, one.planned_end) for one in action.updates}
    assert plans == {(date(2016, 2, 1), date(2018, 6, 30))}
    assert action.updates[-1].health is Health.NOT_APPLICABLE
    assert (action.title, action.summary, action.theme) == (
        "Une place",
        "Voté en 2015.",
        "Cadre de vie",
    )


def test_steps_ahead_keep_their_due_date_and_are_not_done() -> None:
    action, _issues = read_one("1;Une place;TRAVAUX;2015;2016-02;2017-03;2018-06;")
    assert told(action)[-1] == ("2017-03-01", "in_progress", ("travaux",))
    assert [one.due for one in action.milestones] == [
        date(2016, 2, 1),
        date(2017, 3, 1),
        date(2018, 6, 30),
        None,
    ]


def test_a_reached_step_without_date_counts_from_the_next_dated_one() -> None:
    action, _issues = read_one("1;Une place;FIN;2015;2016-02;;;2018-09")
    assert told(action)[-1] == ("2018-09-30", "done", ("travaux", "fin", "ouverture"))


def test_an_opening_is_never_after_a_step() -> None:
    action, _issues = read_one("1;Une place;TRAVAUX;2015;2015-02;2017-03;;")
    assert told(action)[0] == ("2015-02-01", "in_progress", ("études",))


def test_a_delivery_after_the_opening_does_not_reopen_the_action() -> None:
    action, _issues = read_one("1;Une place;FIN;2015;2016-02;2017-03;2018-12;2018-09")
    assert told(action)[-2:] == [
        ("2018-09-30", "done", ("ouverture",)),
        ("2018-12-31", "done", ("fin",)),
    ]


def test_text_in_a_date_column_is_reported_and_read_as_no_date() -> None:
    action, (issue,) = read_one("1;Une place;RIEN;2015;Non fixé;;;")
    assert (issue.line, issue.column, issue.value) == (2, "études", "Non fixé")
    assert issue.severity is Severity.WARNING
    assert told(action) == [("2015-10-01", "to_start", ())]


def test_unknown_text_in_a_date_column_is_an_error() -> None:
    actions, (issue,) = read("1;Une place;RIEN;2015;bientôt;;;")
    assert actions == ()
    assert (issue.severity, issue.column, issue.value) == (Severity.ERROR, "études", "bientôt")


def test_an_end_before_its_start_is_kept_and_reported() -> None:
    action, issues = read_one("1;Une place;TRAVAUX;2015;2016-09;2017-03;2016-05;")
    assert {issue.column for issue in issues} == {"fin"}
    assert all(issue.severity is Severity.WARNING for issue in issues)
    assert action.updates[-1].planned_start == date(2016, 9, 1)
    assert action.updates[-1].planned_end == date(2016, 5, 31)
    assert action.flags == ("steps_out_of_order", "end_before_start")


def test_a_stop_without_date_takes_the_mappings_and_is_flagged() -> None:
    action, (issue,) = read_one("1;Une place;ARRÊT;2015;;;;")
    assert told(action)[-1] == ("2019-06-30", "stopped", ())
    assert action.updates[-1].note == "Arrêt sans date à la source."
    assert action.flags == ("stop_date_assumed",)
    assert (issue.column, issue.severity) == ("état", Severity.WARNING)


def test_a_stop_is_not_before_the_opening() -> None:
    rows = "1;Une place;ARRÊT;2019;;;;"
    (action,), _issues = read(rows, mapping=MAP.replace("to = 2018", "to = 2019"))
    assert told(action) == [("2019-10-01", "stopped", ())]


def test_nothing_is_stated_after_the_file_was_drawn_up() -> None:
    action, issues = read_one("1;Une place;FIN;2015;2016-02;2017-03;2020-06;2018-09")
    assert all("fin" not in one.done for one in action.updates)
    assert action.updates[-1].done == ("ouverture",)
    assert [issue.column for issue in issues] == ["fin"]


def test_a_status_that_no_step_dates_counts_from_the_file() -> None:
    action, (issue,) = read_one("1;Une place;FIN;2015;;;;")
    assert told(action)[-1] == ("2019-12-31", "done", ())
    assert action.flags == ("status_date_assumed",)
    assert issue.severity is Severity.WARNING


def test_filters_leave_other_rows_alone() -> None:
    actions, issues = read("1;Une place;RIEN;2015;;;;", "2;Autre;INCONNU;2020;x;;;")
    assert (len(actions), issues) == (1, ())
    assert read("1;Une place;RIEN;2020;;;;")[1][0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("1;;RIEN;2015;;;;", "nom"),
        ("1;" + "é" * 161 + ";RIEN;2015;;;;", "nom"),
        ("1;Une place;MYSTÈRE;2015;;;;", "état"),
        (";Une place;RIEN;2015;;;;", "n°"),
        ("1;Une place;RIEN;2015;0216-01;;;", "études"),
    ],
)
def test_errors_name_their_line_and_column(row: str, column: str) -> None:
    actions, issues = read("9;Bonne ligne;RIEN;2016;;;;", row)
    assert [action.source_id for action in actions] == ["9"]
    errors = [(issue.line, issue.column) for issue in issues if issue.severity is Severity.ERROR]
    assert (3, column) in errors


def test_the_same_source_id_twice_is_an_error() -> None:
    actions, (issue,) = read("1;Une place;RIEN;2015;;;;", "1;Une rue;RIEN;2015;;;;")
    assert (len(actions), issue.line, issue.column) == (1, 3, "n°")
    assert "ligne 2" in issue.message


def test_a_missing_column_is_named() -> None:
    actions, issues = read("1;x", mapping=MAP.replace("{nom}", "{name}"))
    assert actions == ()
    assert ("name", Severity.ERROR) in {(issue.column, issue.severity) for issue in issues}


PLAIN_MAP = """
kind = "actions"
source = "tableur"
key = "id"
[project]
slug = "essai"
[fields]
title = "{titre}"
status = "{statut}"
status_on = "{dit le}"
opened_on = "{créée}"
planned_end = "{fin}"
progress = "{avancement}"
health = "{météo}"
note = "{note}"
weight = "{poids}"
entities = "{employeurs}"
[values.health]
"beau" = "sun"
"gris" = "cloudy"
"""
PLAIN = "id;titre;statut;dit le;créée;fin;avancement;météo;note;poids;employeurs\n"


def read_plain(row: str) -> tuple[tuple[ActionImport, ...], tuple[ImportIssue, ...]]:
    issues = Issues()
    mapping = read_mapping(PLAIN_MAP.encode(), kind="actions", today=TODAY, issues=issues)
    assert mapping is not None, issues.sorted()
    return read_actions(read_csv((PLAIN + row).encode()), mapping, issues), issues.sorted()


def test_a_plain_workbook_without_steps() -> None:
    row = (
        "a;Rafraîchir l'accueil;in_progress;03/02/2016;2016-01-04;31/12/2016;40 %;gris;Il manque un appui.;2;Ville; \n"
    )
    (action,), issues = read_plain(row)
    assert issues == ()
    assert action.updates[-1] == UpdateImport(
        effective_on=date(2016, 2, 3),
        status=ActionStatus.IN_PROGRESS,
        planned_start=None,
        planned_end=date(2016, 12, 31),
        declared_progress=40,
        health=Health.CLOUDY,
        note="Il manque un appui.",
    )
    assert (action.weight, action.entities) == (2, ("Ville",))


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("a;Un titre;in_progress;;;;140;;;;", "avancement"),
        ("a;Un titre;in_progress;;;;beaucoup;;;;", "avancement"),
        ("a;Un titre;in_progress;;;;;gris;;;", "note"),
        ("a;Un titre;in_progress;;;;;pluie;;;", "météo"),
        ("a;Un titre;in_progress;;;;;;;0;", "poids"),
    ],
)
def test_plain_values_obey_the_rules_of_the_forms(row: str, column: str) -> None:
    actions, issues = read_plain(row)
    assert actions == ()
    assert column in {issue.column for issue in issues if issue.severity is Severity.ERROR}
