"""Whether plain values are acceptable. Forms, importers and the demo generator ask the same functions.

Each function returns the cleaned value or raises `Refused` with a sentence for people. Pure: no request,
no database, no clock (today's date is passed in). The limits below also size the columns of the models.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

from flask_babel import gettext as _

from tracker.enums import Health
from tracker.errors import Refused

TITLE_MIN = 3
TITLE_MAX = 160
BODY_MAX = 20_000
REASON_MIN = 15
REASON_MAX = 4_000
NOTE_MAX = 2_000
LABEL_MAX = 120
NAME_MAX = 120
SLUG_MAX = 60
ID_DIGITS = 9  # as in addresses: more is no number of ours, nor one the database or int() would take
LOGIN_MIN = 2
LOGIN_MAX = 64
EMAIL_MAX = 254
PASSWORD_MIN = 12
PASSWORD_MAX = 200
WEIGHT_MAX = 100
FIRST_DAY = date(1990, 1, 1)
LAST_DAY = date(2100, 12, 31)
DEMO_PASSWORD = "projet-administration"  # noqa: S105 - public on purpose, refused outside the demo

# Controls other than tab and newline, marks that reverse the direction of text (they make a name or a link
# look like another), lone surrogates, and invisible characters that only hinder search. Joiners stay: emoji
# and several scripts need them.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NEWLINES = re.compile("\r\n|\r|\u2028|\u2029|\x85")
_BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*){2,}")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_LEET = str.maketrans("013457$@!", "oieastsai")


def as_id(text: str) -> int | None:
    """The number that an address or a hidden field carries; None for what is no plain, short number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= ID_DIGITS else None


def clean_text(value: str, *, multiline: bool = True) -> str:
    """Normalise a text as it is kept: NFC, plain newlines, no control characters, no outer blanks."""
    text = _NEWLINES.sub("\n", value)
    text = unicodedata.normalize("NFC", _UNWANTED.sub("", text))
    if not multiline:
        return " ".join(text.split())
    return _BLANK_LINES.sub("\n\n", text).strip()


def slugify(value: str, *, limit: int = SLUG_MAX) -> str:
    """Make the slug of a label: "Vie de l'équipe" gives "vie-de-l-equipe"; "" when nothing is left."""
    return _NOT_WORD.sub("-", _plain(value)).strip("-")[:limit].rstrip("-")


def text(
    value: str | None,
    *,
    field: str,
    limit: int,
    minimum: int = 0,
    required: bool = True,
    multiline: bool = True,
) -> str:
    """Clean a text and hold it to its length; "" when it is not required and empty."""
    cleaned = clean_text(value or "", multiline=multiline)
    if not cleaned:
        if required:
            raise Refused(_("Ce texte est nécessaire."), field=field)
        return ""
    if len(cleaned) < minimum:
        raise Refused(_("Ce texte est trop court : %(n)s caractères au moins.", n=minimum), field=field)
    if len(cleaned) > limit:
        raise Refused(
            _(
                "Ce texte fait %(length)s caractères : %(limit)s au plus.",
                length=len(cleaned),
                limit=limit,
            ),
            field=field,
        )
    return cleaned


def title(value: str | None, *, field: str = "title") -> str:
    return text(value, field=field, limit=TITLE_MAX, minimum=TITLE_MIN, multiline=False)


def label(value: str | None, *, field: str = "label") -> str:
    """The name of a milestone, a theme, a group, a condition."""
    return text(value, field=field, limit=LABEL_MAX, multiline=False)


def person_name(value: str | None, *, field: str = "name") -> str:
    return text(value, field=field, limit=NAME_MAX, minimum=2, multiline=False)


def body(value: str | None, *, field: str = "body", required: bool = True) -> str:
    return text(value, field=field, limit=BODY_MAX, required=required)


def note(value: str | None, *, field: str = "note") -> str | None:
    """A note that may be left empty."""
    return text(value, field=field, limit=NOTE_MAX, required=False) or None


def reason(value: str | None, *, field: str = "reason") -> str:
    """At least a sentence: what a decision, a return or a removal must say."""
    cleaned = text(value, field=field, limit=REASON_MAX)
    if len(cleaned) < REASON_MIN or len(cleaned.split()) < 3:
        raise Refused(_("Dites pourquoi, en une phrase au moins."), field=field)
    return cleaned


def percentage(value: int | None, *, field: str = "declared_progress") -> int | None:
    if value is not None and not 0 <= value <= 100:
        raise Refused(_("Donnez un pourcentage entre 0 et 100."), field=field)
    return value


def weight(value: int, *, field: str = "weight") -> int:
    if not 1 <= value <= WEIGHT_MAX:
        raise Refused(_("Donnez un nombre entier entre 1 et %(n)s.", n=WEIGHT_MAX), field=field)
    return value


def project_date(value: date, *, field: str) -> date:
    """A day that a project can speak of; typing errors such as 0215 or 20155 stop here."""
    if not FIRST_DAY <= value <= LAST_DAY:
        raise Refused(_("Donnez une date entre 1990 et 2100."), field=field)
    return value


def date_range(
    start: date | None, end: date | None, *, start_field: str = "start", end_field: str = "end"
) -> tuple[date | None, date | None]:
    """Both days within the project's century, the end not before the start."""
    if start is not None:
        project_date(start, field=start_field)
    if end is not None:
        project_date(end, field=end_field)
    if start is not None and end is not None and end < start:
        raise Refused(_("La fin est avant le début."), field=end_field)
    return start, end


def effective_on(value: date, *, today: date, opened_on: date | None = None, field: str = "effective_on") -> date:
    """The day a statement counts from: not to come, and not before the action exists."""
    project_date(value, field=field)
    if value > today:
        raise Refused(_("Cette date est à venir : un point dit ce qui est déjà vrai."), field=field)
    if opened_on is not None and value < opened_on:
        raise Refused(
            _("Cette date est avant l'ouverture de l'action, le %(day)s.", day=_french(opened_on)),
            field=field,
        )
    return value


def health_sentence(health: Health, sentence: str | None, *, field: str = "note") -> str | None:
    """The note of a statement, required from nuageux on (design 4.1)."""
    cleaned = note(sentence, field=field)
    if health.needs_sentence and cleaned is None:
        raise Refused(
            _("De nuageux à orage, dites en une phrase ce qui bloque ou ce qui aiderait."),
            field=field,
        )
    return cleaned


def move_reason(
    before: tuple[date | None, date | None],
    after: tuple[date | None, date | None],
    sentence: str | None,
    *,
    field: str = "move_reason",
) -> str | None:
    """The reason of a move of planned dates; giving a date for the first time needs none."""
    cleaned = note(sentence, field=field)
    moved = any(old is not None and old != new for old, new in zip(before, after, strict=True))
    if moved and cleaned is None:
        raise Refused(_("Une date prévue change : dites pourquoi, en quelques mots."), field=field)
    return cleaned


def slug(value: str, *, field: str = "slug") -> str:
    cleaned = clean_text(value, multiline=False).lower()
    if len(cleaned) > SLUG_MAX or not _SLUG.fullmatch(cleaned):
        raise Refused(
            _("Des minuscules sans accent, des chiffres et des tirets, par exemple « bien-etre »."),
            field=field,
        )
    return cleaned


def login(value: str, *, field: str = "login") -> str:
    """A login, kept in lower case so that a phone's capital letter does no harm."""
    cleaned = clean_text(value, multiline=False).lower()
    if not LOGIN_MIN <= len(cleaned) <= LOGIN_MAX or not _LOGIN.fullmatch(cleaned):
        raise Refused(
            _("Un identifiant a 2 à 64 lettres sans accent, chiffres, points ou tirets."),
            field=field,
        )
    return cleaned


def email(value: str, *, field: str = "email") -> str:
    """An address, kept in lower case; nothing is asked of the network."""
    from email_validator import EmailNotValidError, validate_email  # slow to import, seldom used

    cleaned = clean_text(value, multiline=False)
    try:
        found = validate_email(cleaned, check_deliverability=False)
    except EmailNotValidError as error:
        raise Refused(_("Cette adresse n'est pas complète, par exemple prenom.nom@ville.fr."), field=field) from error
    if len(found.normalized) > EMAIL_MAX:
        raise Refused(_("Cette adresse est trop longue."), field=field)
    return found.normalized.lower()


def password(
    value: str,
    *,
    login: str = "",
    town_words: Iterable[str] = (),
    demo: bool = False,
    field: str = "password",
) -> str:
    """Twelve characters or more, a sentence if one likes, and nothing that everybody would try first.

    What counts is what remains once the common words, the login, the town's words and the digits at the
    ends are taken away: "Blois2026Blois!" is long and still the first guess.
    """
    chosen = unicodedata.normalize("NFC", value)
    if demo and chosen == DEMO_PASSWORD:
        return chosen
    if len(chosen) < PASSWORD_MIN:
        raise Refused(_("Il faut %(n)s caractères au moins ; une phrase suffit.", n=PASSWORD_MIN), field=field)
    if len(chosen) > PASSWORD_MAX:
        raise Refused(_("%(n)s caractères au plus.", n=PASSWORD_MAX), field=field)
    if len(set(chosen)) < 5 or _is_run(chosen):
        raise Refused(_("Ce mot de passe est une suite trop simple."), field=field)
    blocked = {*blocklist(), _squash(DEMO_PASSWORD), _squash(login)}
    blocked.update(_squash(word) for word in town_words)
    if _is_guessable(chosen, blocked):
        raise Refused(_("Ce mot de passe serait vite deviné : choisissez une phrase à vous."), field=field)
    return chosen


@cache
def blocklist() -> frozenset[str]:
    """Words that do not make a password, squashed; one a line in the data file."""
    lines = (Path(__file__).parent / "data" / "passwords_blocklist.txt").read_text("utf-8")
    words = (line.strip() for line in lines.splitlines())
    return frozenset(_squash(word) for word in words if word and not word.startswith("#"))


def _is_guessable(value: str, blocked: Iterable[str]) -> bool:
    words = sorted((word for word in blocked if len(word) >= 3), key=len, reverse=True)
    for spelling in {_squash(value), _squash(value.translate(_LEET))}:
        rest = spelling
        for word in words:
            rest = rest.replace(word, " ")
        if len(re.sub(r"[\s\d]", "", rest)) < 5:
            return True
    return False


def _is_run(value: str) -> bool:
    """True for one step repeated throughout, such as "abcdefghijkl" or "zyxwvutsrqpo"."""
    steps = {ord(after) - ord(before) for before, after in pairwise(value)}
    return len(steps) == 1


def _plain(value: str) -> str:
    """Lower case without accents; ligatures opened."""
    opened = value.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae").replace("Æ", "ae")
    decomposed = unicodedata.normalize("NFKD", opened).casefold()
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _squash(value: str) -> str:
    return _NOT_WORD.sub("", _plain(value))


def _french(day: date) -> str:
    return day.strftime("%d/%m/%Y")
