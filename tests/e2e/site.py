"""A served instance, the demonstration most often, and the ways into it."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from tests import demonstration
from tests.e2e.inspector import Inspector

PASSWORD = "projet-administration"
ROLES = ("agent", "pilote", "etude", "moderation", "copil", "redaction", "admin")


@dataclass
class Site:
    """A served instance, and the ways into it."""

    base: str
    folder: Path
    browser: Browser
    settings: dict[str, str] = field(default_factory=dict)  # the environment it is served with
    states: dict[str, Any] = field(default_factory=dict)

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows read from the served database, to find what to open."""
        with contextlib.closing(sqlite3.connect(f"file:{self.folder / 'tracker.db'}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()

    def flask(self, *arguments: str) -> str:
        """One command of an operator, beside the server; its words."""
        return demonstration.run_flask(*arguments, folder=self.folder, **self.settings)

    def one(self, query: str, *values: Any) -> Any:
        rows = self.sql(query, *values)
        assert rows, f"there is none: {query} {values}"
        return rows[0][0]

    def context(self, role: str | None = None, *, width: int = 1280, **options: Any) -> BrowserContext:
        """A browser window of that role, which logs in once for the file."""
        state = self._login(role) if role else None
        return self._window(width, storage_state=state, **options)

    def visit(self, role: str | None = None, *, width: int = 1280, **options: Any) -> Inspector:
        """One page of a new window, watched."""
        return Inspector(self.context(role, width=width, **options).new_page(), self.base)

    def _window(self, width: int, **options: Any) -> BrowserContext:
        options.setdefault("reduced_motion", "reduce")
        context = self.browser.new_context(
            base_url=self.base,
            locale="fr-FR",
            viewport={"width": width, "height": 900 if width > 600 else 740},
            **options,
        )
        context.set_default_timeout(15_000)
        return context

    def _login(self, role: str) -> Any:
        if role not in self.states:
            context = self._window(1280)
            page = context.new_page()
            page.goto("/connexion?suite=/aide")
            page.get_by_label("Identifiant").fill(role)
            page.get_by_label("Mot de passe").fill(PASSWORD)
            page.get_by_role("button", name="Se connecter", exact=True).click()
            page.wait_for_url(lambda url: "/connexion" not in url)
            self.states[role] = context.storage_state()
            context.close()
        return self.states[role]
