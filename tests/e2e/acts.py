"""What several tests do on the way to what they are about."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.inspector import Inspector
from tests.e2e.written import NOW


def day_in_paris(seen: Inspector, ahead: int = 0) -> str:
    """The day in Paris, some days ahead, as a date field takes it."""
    return str(
        seen.page.evaluate(
            "(n) => new Intl.DateTimeFormat('sv', { timeZone: 'Europe/Paris' }).format(Date.now() + n * 864e5)", ahead
        )
    )


def compose_letter(editor: Inspector, quarter: str = "") -> None:
    """Begin the letter of a quarter of the current project, the first one offered by default."""
    editor.open(f"/lettres?projet={NOW}")
    choice = editor.page.get_by_label("Trimestre")
    choice.select_option(quarter) if quarter else choice.select_option(index=0)
    editor.press("Composer la lettre")


def approve_letter(editor: Inspector) -> None:
    """Give it to somebody to read, then note the bon à tirer."""
    page = editor.page
    page.locator("summary", has_text="Donner à relire").click()
    page.locator("#relecture").get_by_role("checkbox").first.check()
    page.locator("#relecture").get_by_role("button", name="Donner à relire").click()
    page.locator("summary", has_text="Noter le bon à tirer").click()
    page.get_by_label("Donné par").fill("Bertrand Hauteville")
    page.locator("#bon-a-tirer input[type=date]").fill(day_in_paris(editor))
    page.locator("#bon-a-tirer").get_by_role("button", name="Noter le bon à tirer").click()
    expect(page.get_by_role("link", name="Publier…")).to_be_visible()


def rewrite_proposal(author: Inspector, number: int) -> None:
    """A second text, so that the first is history."""
    author.open(f"/propositions/{number}/texte")
    field = author.page.get_by_label("Texte", exact=False).last
    field.fill(field.input_value() + " Et nous pouvons essayer dès le mois prochain.")
    author.page.locator("main form[method=post] button[type=submit]").first.click()
    author.page.wait_for_url(lambda url: url.endswith(f"/propositions/{number}"))
