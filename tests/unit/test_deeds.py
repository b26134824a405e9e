"""Traces told in words: every act that is written has its sentence."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask
from flask_babel import Babel

from tracker.queries import deeds
from tracker.services.settings import lists

SERVICES = Path(deeds.__file__).parents[1] / "services"
VERB = re.compile(r"[\"'](?P<verb>[a-z_]+:[a-z_]+)[\"']")


def said(told: dict[str, object]) -> str:
    app = Flask(__name__)
    Babel(app, default_locale="fr")
    with app.test_request_context():
        return deeds.changes(told)


def test_every_act_that_services_write_has_its_words() -> None:
    source = {path: path.read_text("utf-8") for path in SERVICES.rglob("*.py")}
    verbs = {found["verb"] for text in source.values() for found in VERB.finditer(text)}
    own = re.findall(r'_record\(proposal, "([a-z_]+)"', source[SERVICES / "proposals.py"])
    kinds = (lists.DEPARTMENTS, lists.SITES, lists.THEMES, lists.GROUPS)
    acts = re.findall(r'_record\(kind, row, "([a-z_]+)"', source[SERVICES / "settings" / "lists.py"])
    verbs |= {f"proposal:{one}" for one in own} | {f"{kind.noun}:{one}" for kind in kinds for one in acts}
    assert len(verbs) > 90, "acts are not found any more"
    assert verbs - set(deeds.ACTS) == set()


def test_a_change_says_old_and_new_without_codes() -> None:
    told = {
        "outcome": [None, "retained"],
        "is_manager": [False, True],
        "ends_on": [None, "2026-03-12"],
        "nom": "Le Gall",
    }
    assert said(told) == "réponse : – → retenue ; encadrant·e : non → oui ; fin : – → 12 mars 2026 ; nom : Le Gall"
    assert said({"role": "admin", "n": [1, 2, 3]}) == "rôle : gestionnaire de l'outil ; n : 1, 2, 3"
    assert said({}) == ""
