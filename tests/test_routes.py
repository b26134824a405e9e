"""Every address: marked, typed, in French kebab-case, and lost only on purpose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.routing import Rule

from tracker.permissions import Permission
from tracker.security import mark_of

# the only addresses that a visitor without login may open
PUBLIC = {
    "accounts.language",
    "activation.activate",
    "activation.forgotten",
    "auth.login",
    "auth.logout",
    "auth.resume_visit",
    "employers.colours",
    "employers.logo",
    "first_account.create",
    "health.healthz",
    "help_pages.accessibility",
    "help_pages.guide",
    "help_pages.index",
    "help_pages.permissions",
    "help_pages.privacy",
    "letters.index",
    "letters.mail",
    "letters.message",
    "letters.paper",
    "letters.pdf_file",
    "letters.show",
    "letters.text",
    "metrics.show",
    "second_factor.login",
    "single_sign_on.back",
    "single_sign_on.enter",
    "single_sign_on.start",
    "static",
}
# parts that are words go without a type; a number says that it is one, so that "abc" is no such address
WORDS = "slug|key|figure_id|quarter"
KEBAB = re.compile(rf"^(/([a-z0-9-]+|<int:[a-z_]+>|<(string:)?({WORDS})>)(\.[a-z]+)?)*/?$")
ROUTES = Path(__file__).with_name("routes.txt")


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def test_every_address_has_a_permission_or_a_public_mark(app: Flask) -> None:
    for rule in rules(app):
        mark = mark_of(rule.endpoint)
        assert mark is not None, f"{rule.endpoint} carries no mark: add @requires(…) or @public"
        if mark != "public":
            assert isinstance(mark, Permission), rule.endpoint


def test_only_these_addresses_are_open_to_visitors(app: Flask) -> None:
    opened = {rule.endpoint for rule in rules(app) if mark_of(rule.endpoint) == "public"}
    assert opened <= PUBLIC, f"open by accident? {sorted(opened - PUBLIC)}"
    assert PUBLIC - {"static"} <= opened, f"gone: {sorted(PUBLIC - opened)}"


def test_addresses_are_kebab_case_with_typed_parts(app: Flask) -> None:
    for rule in rules(app):
        assert KEBAB.match(rule.rule), f"{rule.rule}: write it in kebab-case, with typed parts"


def test_no_address_is_lost_without_thought(app: Flask) -> None:
    """`tests/routes.txt` is what people may have bookmarked; add new lines, take none out without a redirect."""
    known = {line for line in ROUTES.read_text("utf-8").splitlines() if line}
    present = {rule.rule for rule in rules(app)}
    assert ROUTES.read_text("utf-8").splitlines() == sorted(known), "keep it sorted"
    assert known <= present, f"lost: {sorted(known - present)}"
    assert present <= known, f"write them down in {ROUTES.name}: {sorted(present - known)}"


def test_numbers_of_addresses_are_those_of_a_keyboard_and_of_a_database(app: Flask) -> None:
    bound = app.url_map.bind("localhost")
    assert bound.match("/propositions/3") == ("proposals.show", {"number": 3})
    assert bound.match("/propositions/999999999")[1] == {"number": 999_999_999}
    for part in ("٣", "३", "３", "1٣", "²", "+3", "-3", "1_0", "3.0", "1000000000", str(2**63), "1" * 5000):
        with pytest.raises(NotFound):
            bound.match(f"/propositions/{part}")
