"""The figures of a project counted anew in plain SQL, from the sentences of the design (4.2, 4.3, 4.4, 4.7).

Shares no code with the application, so that the two may disagree. Give it any SQLite database of the tool:

    recount(sqlite3.connect("tracker.db"), programme_id=1, as_of=date(2017, 6, 30), known_at=None)
    python -m tests.recount tracker.db projet-2015-2020 2017-06-30

It answers with the counters of a letter, the progress of the project with the numbers used, left out and missing, and
the statuses by group.
"""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

FAR = "9999-12-31 23:59:59.999999"
STATUSES = ("to_start", "in_progress", "suspended", "done", "stopped")
HEALTHS = ("sun", "veiled", "cloudy", "storm", "unknown", "not_applicable")
ANSWERS = ("retained", "declined", "deferred", "redirected")
BY_GROUP = ("late", "late_start", "silent", "storm", "to_check")  # beside the statuses of each group
BEHIND_POINTS = 10

# Rows in force: known at K, no retraction, and superseded by none known at K. The state of an action is the greatest of
# them in (effective_on, rank_at, id) not after D. A confirmation repeats the health of the row written before it, whose
# sentence still explains it.
IN_FORCE = """
WITH known AS MATERIALIZED (
    SELECT u.*, a.weight AS action_weight, a.rhythm_months, a.parent_id, a.group_id, a.theme_id,
           a.baseline_start, a.baseline_end
    FROM action_update u JOIN action a ON a.id = u.action_id
    WHERE a.programme_id = :programme AND u.recorded_at <= :known_at
),
live AS MATERIALIZED (
    SELECT * FROM known
    WHERE kind <> 'retraction' AND effective_on <= :as_of
      AND id NOT IN (SELECT supersedes_id FROM known WHERE supersedes_id IS NOT NULL)
),
ranked AS MATERIALIZED (
    SELECT * FROM (
        SELECT live.*, row_number() OVER (
            PARTITION BY action_id ORDER BY effective_on DESC, rank_at DESC, id DESC
        ) AS place FROM live
    ) WHERE place = 1
)"""
PLANS = IN_FORCE + "SELECT action_id, planned_start, planned_end FROM ranked"
STATES = (
    IN_FORCE
    + """,
told AS MATERIALIZED (
    SELECT m.milestone_id, ms.action_id, m.kind, m.due, m.weight, live.effective_on, live.rank_at, live.id AS row_id,
           m.id AS mark_id
    FROM live
    CROSS JOIN milestone_mark m ON m.update_id = live.id
    CROSS JOIN milestone ms ON ms.id = m.milestone_id
),
dues AS (SELECT milestone_id, due, row_number() OVER newest AS place FROM told WHERE kind IN ('added', 'due')
    WINDOW newest AS (PARTITION BY milestone_id ORDER BY effective_on DESC, rank_at DESC, row_id DESC, mark_id DESC)),
weights AS (SELECT milestone_id, coalesce(weight, 1) AS weight, row_number() OVER newest AS place FROM told
    WHERE kind = 'added' OR (kind = 'weight' AND weight IS NOT NULL)
    WINDOW newest AS (PARTITION BY milestone_id ORDER BY effective_on DESC, rank_at DESC, row_id DESC, mark_id DESC)),
ticks AS (SELECT milestone_id, kind = 'done' AS done, row_number() OVER newest AS place FROM told
    WHERE kind IN ('done', 'reopened')
    WINDOW newest AS (PARTITION BY milestone_id ORDER BY effective_on DESC, rank_at DESC, row_id DESC, mark_id DESC)),
drops AS (SELECT milestone_id, kind = 'dropped' AS dropped, row_number() OVER newest AS place FROM told
    WHERE kind IN ('dropped', 'reopened')
    WINDOW newest AS (PARTITION BY milestone_id ORDER BY effective_on DESC, rank_at DESC, row_id DESC, mark_id DESC)),
milestones AS (
    SELECT t.milestone_id, t.action_id, dues.due, weights.weight, coalesce(ticks.done, 0) AS done,
           coalesce(drops.dropped, 0) AS dropped
    FROM (SELECT DISTINCT milestone_id, action_id FROM told WHERE kind = 'added') t
    JOIN dues ON dues.milestone_id = t.milestone_id AND dues.place = 1
    JOIN weights ON weights.milestone_id = t.milestone_id AND weights.place = 1
    LEFT JOIN ticks ON ticks.milestone_id = t.milestone_id AND ticks.place = 1
    LEFT JOIN drops ON drops.milestone_id = t.milestone_id AND drops.place = 1
),
steps AS (
    SELECT action_id, sum(weight) AS total, sum(CASE WHEN done THEN weight ELSE 0 END) AS made,
           sum(NOT done) AS open, sum(NOT done AND due IS NOT NULL AND due < :as_of) AS overdue
    FROM milestones WHERE NOT dropped GROUP BY action_id
),
leaves AS (
    SELECT r.action_id, r.group_id, r.action_weight, r.rhythm_months, r.status, r.declared_progress, r.planned_start,
        r.planned_end, r.baseline_start, r.baseline_end, r.effective_on,
        coalesce(
            r.health, CASE WHEN r.status IN ('done', 'stopped') THEN 'not_applicable' ELSE 'unknown' END
        ) AS health,
        coalesce(s.total, 0) AS total, coalesce(s.made, 0) AS made, coalesce(s.open, 0) AS open,
        coalesce(s.overdue, 0) AS overdue,
        coalesce((SELECT n.note <> '' FROM action_update n
                  WHERE n.action_id = r.action_id AND n.kind <> 'retraction' AND n.id <= r.id
                  AND (n.note <> '' OR n.kind <> 'confirmation') AND (n.id = r.id OR r.kind = 'confirmation')
                  ORDER BY n.id DESC LIMIT 1), 0) AS has_sentence
    FROM ranked r LEFT JOIN steps s ON s.action_id = r.action_id
    WHERE r.action_id NOT IN (SELECT parent_id FROM ranked WHERE parent_id IS NOT NULL)
      AND (:theme IS NULL OR coalesce(r.theme_id, 0) = :theme)
      AND (:group IS NULL OR coalesce(r.group_id, 0) = :group)
      AND (:entity IS NULL OR CASE WHEN :entity = 0
          THEN NOT EXISTS (SELECT 1 FROM action_entity e WHERE e.action_id = r.action_id)
          ELSE EXISTS (SELECT 1 FROM action_entity e WHERE e.action_id = r.action_id AND e.entity_id = :entity) END)
),
judged AS (
    SELECT leaves.*,
        status NOT IN ('done', 'stopped') AS expected,
        coalesce(planned_end < :as_of AND status NOT IN ('done', 'stopped'), 0) AS late,
        coalesce(status = 'to_start' AND planned_start < :as_of, 0) AS late_start,
        CASE
            WHEN status <> 'in_progress' OR planned_start IS NULL OR planned_end IS NULL THEN 0
            WHEN total > 0 THEN overdue > 0
            WHEN declared_progress IS NULL THEN 0
            ELSE declared_progress + :points < 100.0 * CASE
                WHEN effective_on >= planned_end THEN 1.0
                WHEN planned_end <= planned_start OR effective_on <= planned_start THEN 0.0
                ELSE (julianday(effective_on) - julianday(planned_start))
                     / (julianday(planned_end) - julianday(planned_start)) END
        END AS behind,
        -- the same day of the month, or its last day when the month is shorter
        status NOT IN ('done', 'stopped') AND min(
            date(effective_on, '+' || rhythm_months || ' months'),
            date(effective_on, 'start of month', '+' || (rhythm_months + 1) || ' months', '-1 day')
        ) < :as_of AS silent,
        CASE
            WHEN status = 'stopped' THEN NULL
            WHEN status = 'done' THEN 100.0
            WHEN total > 0 THEN 100.0 * made / total
            WHEN declared_progress IS NOT NULL THEN 1.0 * declared_progress
            WHEN status = 'to_start' THEN 0.0
        END AS progress
    FROM leaves
)
SELECT judged.*,
    (health = 'sun' AND (late OR behind))
    OR (status = 'done' AND open > 0)
    OR (coalesce(declared_progress, 0) >= 100 AND status <> 'done')
    OR (status = 'in_progress' AND planned_start IS NULL)
    OR (health IN ('cloudy', 'storm') AND NOT has_sentence) AS to_check
FROM judged
"""
)

# The last effective move of each proposal not after D, known at K. Those of a group are the ones its actions carry out.
PROPOSALS = """
SELECT t.proposal_id, t.to_state FROM proposal_transition t JOIN proposal p ON p.id = t.proposal_id
WHERE p.programme_id = :programme AND t.effective_on <= :as_of AND t.recorded_at <= :known_at
  AND (:theme IS NULL OR coalesce(p.theme_id, 0) = :theme)
  AND (:entity IS NULL OR :entity IN (
      SELECT e.entity_id FROM proposal_entity e WHERE e.proposal_id = p.id
      UNION SELECT s.entity_id FROM authorship s
      WHERE s.proposal_id = p.id AND NOT s.sealed AND s.entity_id IS NOT NULL)
    OR :entity = 0 AND p.id NOT IN (
      SELECT e.proposal_id FROM proposal_entity e
      UNION SELECT s.proposal_id FROM authorship s WHERE NOT s.sealed AND s.entity_id IS NOT NULL))
  AND (:group IS NULL OR CASE WHEN :group = 0
      THEN NOT EXISTS (SELECT 1 FROM action_proposal c WHERE c.proposal_id = p.id)
      ELSE EXISTS (SELECT 1 FROM action_proposal c JOIN action a ON a.id = c.action_id
                   WHERE c.proposal_id = p.id AND a.group_id = :group) END)
  AND NOT EXISTS (
    SELECT 1 FROM proposal_transition o WHERE o.proposal_id = t.proposal_id
      AND o.effective_on <= :as_of AND o.recorded_at <= :known_at
      AND (o.effective_on, o.recorded_at, o.id) > (t.effective_on, t.recorded_at, t.id))
"""

# An account, or a name or a number within its workshop. An employer's leave out those whose name is not displayed.
PEOPLE = """
SELECT DISTINCT coalesce(
    'u' || s.user_id, 'n' || coalesce(p.workshop_id, '') || '/' || coalesce(s.name, '#' || s.number))
FROM authorship s JOIN proposal p ON p.id = s.proposal_id WHERE s.proposal_id IN (SELECT value FROM json_each(:sent))
  AND (:entity IS NULL OR NOT s.sealed)
"""


@dataclass(frozen=True)
class Once:
    """The connection to a database that does not change: what was asked before is not asked again."""

    connection: Any
    known: dict[tuple[Any, ...], Any]


def _rows(connection: Any, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows as dicts, from a driver's connection or from SQLAlchemy's."""
    if isinstance(connection, Once):
        question = (sql, *values.values())
        if question not in connection.known:
            connection.known[question] = _rows(connection.connection, sql, values)
        known: list[dict[str, Any]] = connection.known[question]
        return known
    driver = getattr(getattr(connection, "connection", None), "driver_connection", None) or connection
    cursor = driver.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _values(
    programme_id: int, as_of: date, known_at: datetime | None, entity: int | None, theme: int | None, group: int | None
) -> dict[str, Any]:
    return {
        "programme": programme_id,
        "as_of": as_of.isoformat(),
        "known_at": FAR if known_at is None else known_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        "points": BEHIND_POINTS,
        "entity": entity,
        "theme": theme,
        "group": group,
    }


def _mean(pairs: list[tuple[int, float]]) -> float | None:
    """The mean of (weight, value) pairs."""
    return sum(weight * value for weight, value in pairs) / sum(weight for weight, _ in pairs) if pairs else None


def recount(
    connection: Any,
    programme_id: int,
    as_of: date,
    known_at: datetime | None = None,
    *,
    entity: int | None = None,
    theme: int | None = None,
    group: int | None = None,
) -> dict[str, Any]:
    """Counters, progress and statuses by group of a project as of a day, as known at an instant (None: now).

    Filters are ids; 0 is the bucket of what has none.
    """
    values = _values(programme_id, as_of, known_at, entity, theme, group)
    actions = _rows(connection, STATES, values)
    found: dict[str, Any] = {
        "actions": len(actions),
        **{f"actions_{s}": sum(a["status"] == s for a in actions) for s in STATUSES},
        **{f"health_{h}": sum(a["health"] == h for a in actions) for h in HEALTHS},
        **{name: sum(a[name] for a in actions) for name in ("late", "late_start", "behind", "silent", "to_check")},
    }
    told = [(a["action_weight"], a["progress"]) for a in actions if a["progress"] is not None]
    found["used"] = len(told)
    found["left_out"] = found["actions_stopped"]
    found["missing"] = len(actions) - len(told) - found["left_out"]
    found["progress"] = _mean(told)
    groups: dict[int | None, dict[str, int]] = {}
    for a in actions:
        counts = groups.setdefault(a["group_id"], dict.fromkeys((*STATUSES, *BY_GROUP), 0))
        counts[a["status"]] += 1
        counts["storm"] += a["health"] == "storm"
        for name in ("late", "late_start", "silent", "to_check"):
            counts[name] += a[name]
    found["groups"] = groups
    return found | _proposals(connection, values)


def planned(
    connection: Any,
    programme_id: int,
    day: date,
    as_of: date,
    known_at: datetime | None = None,
    *,
    entity: int | None = None,
    theme: int | None = None,
    group: int | None = None,
) -> dict[str, tuple[float | None, int]]:
    """What the first and the current plan say of a day: the percentage and the actions that have both dates.

    Among the actions counted by the actual line at min(day, D); current dates are those as of D.
    """
    filters = (entity, theme, group)
    then = _rows(connection, STATES, _values(programme_id, min(day, as_of), known_at, *filters))
    now = _rows(connection, PLANS, _values(programme_id, as_of, known_at, *filters))
    current = {a["action_id"]: (a["planned_start"], a["planned_end"]) for a in now}
    lines: dict[str, list[tuple[int, float]]] = {"baseline": [], "current": []}
    for a in then:
        if a["progress"] is None:
            continue
        plans = {"baseline": (a["baseline_start"], a["baseline_end"]), "current": current[a["action_id"]]}
        for name, (start, end) in plans.items():
            if start is None or end is None:
                continue
            first, last = date.fromisoformat(start), date.fromisoformat(end)
            if last <= first or day >= last:
                share = float(day >= last)
            else:
                share = max(0.0, (day - first).days / (last - first).days)
            lines[name].append((a["action_weight"], 100 * share))
    return {name: (_mean(pairs), len(pairs)) for name, pairs in lines.items()}


def _proposals(connection: Any, values: dict[str, Any]) -> dict[str, Any]:
    states = {row["proposal_id"]: row["to_state"] for row in _rows(connection, PROPOSALS, values)}
    sent = [key for key, state in states.items() if state != "draft"]
    count = {state: list(states.values()).count(state) for state in (*ANSWERS, "merged", "withdrawn", "submitted")}
    people = _rows(connection, PEOPLE, {"sent": "[" + ",".join(map(str, sent)) + "]", "entity": values["entity"]})
    return {
        "submitted": len(sent),
        "published": len(sent) - count["submitted"],
        "answered": sum(count[state] for state in ANSWERS),
        "contributors": len(people),
        **{state: count[state] for state in (*ANSWERS, "merged", "withdrawn")},
    }


def _main(path: str, slug: str, day: str) -> None:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    (programme_id,) = connection.execute("SELECT id FROM programme WHERE slug = ?", (slug,)).fetchone()
    for name, value in recount(connection, programme_id, date.fromisoformat(day)).items():
        sys.stdout.write(f"{name}: {value}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:4])
