"""A form as a page offers it, to be filled as a browser would, or otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bs4 import Tag

UNTOUCHED = {"csrf_token", "password", "current_password", "new_password", "repeat_password"}


@dataclass(frozen=True)
class Form:
    """A form as a page offers it: where it posts, what it holds, which fields are free text."""

    role: str
    page: str
    action: str
    fields: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]
    dates: tuple[str, ...]
    choices: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.role} {self.action} on {self.page}"

    def filled(self, **changed: str) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name, value in self.fields:
            data.setdefault(name, []).append(value)
        return {**data, **changed}


def read(form: Tag, role: str, page: str) -> Form:
    fields, texts, dates, choices, hidden = [], [], [], [], []
    for control in form.select("input, textarea, select, button[name]"):
        name, kind = str(control.get("name") or ""), str(control.get("type") or control.name)
        if not name or name in UNTOUCHED or control.has_attr("readonly") or kind == "file":
            continue  # no browser gives a file back
        value = control.get_text() if control.name == "textarea" else str(control.get("value") or "")
        if control.name == "select":
            option = control.select_one("option[selected]") or control.select_one("option")
            value = str(option.get("value") or "") if option else ""
            choices.append(name)
        elif kind in {"radio", "checkbox"}:
            choices.append(name)
            if not control.has_attr("checked"):
                continue
        elif kind == "hidden":
            hidden.append(name)
        elif kind == "date":
            dates.append(name)
        elif kind in {"submit", "button"}:
            hidden.append(name)
            if name in dict(fields):
                continue  # the first button is the one that Enter presses
        else:
            texts.append(name)
        fields.append((name, value))
    action = str(form.get("action") or page)
    lists = (texts, dates, choices, hidden)
    return Form(role, page, action, tuple(fields), *(tuple(dict.fromkeys(one)) for one in lists))
