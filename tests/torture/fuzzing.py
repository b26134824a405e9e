"""Odd requests, drawn one by one, sent to the demonstration, and what must be true of every answer."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import cycle
from typing import Any, TypeVar
from urllib.parse import quote_from_bytes, unquote_to_bytes

from bs4 import Tag
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from tests.client import Answer, CheckedClient
from tests.forms import read
from tests.parameters import PARAMETERS, RAW_QUERIES
from tests.places import ENTRIES, ROLES, VISITOR, Entry, methods_of
from tests.torture import odd_values as odd
from tests.torture.answers import Fault, judge_headers, judge_page
from tests.world import World
from tracker.extensions import db
from tracker.models import User
from tracker.queries import checks
from tracker.queries.findings import Level

FORM = "application/x-www-form-urlencoded"
OURS = "http://localhost"
# a wrong guess is refused, and counted
COUNTED = re.compile(r"/(activer|connexion|connexion/code|compte/mot-de-passe|reprise|mon-compte/second-facteur)$")
HUGE = b"texte=" + b"x" * (10 * 1024 * 1024)
COMMON = re.compile(r"^/(deconnexion|compte/langue)$")  # forms that every page has
DRAFT = re.compile(r"/propositions/brouillons/([^/]+)")
# pages that offer more to these than to others
MORE_PAGES = (
    ("redaction", "/lettres?projet=mieux-travailler-ensemble"), ("redaction", "/lettres/{letter}"),
    ("agent", "/propositions/{mine}"), ("agent", "/propositions/{published}"), ("copil", "/a-decider/{merged}"),
    ("etude", "/etudes/{merged}"), ("copil", "/actions/{led}"), ("pilote", "/actions/mon-tour"),
    ("copil", "/a-decider/publier?projet=mieux-travailler-ensemble&apercu=1&decision={decision}"),
    ("admin", "/reglages/archives/{ended}"), ("agent", "/compte/langue"), (VISITOR, "/connexion"),
)  # fmt: skip

T = TypeVar("T")


@dataclass
class OddForm:
    """A form as a page offers it, the fields included that a browser never gives back."""

    action: str
    fields: list[tuple[str, bytes]]
    names: list[str]
    files: list[str]
    multipart: bool


@dataclass
class Ask:
    """One request as it travels."""

    role: str
    method: str
    path: str  # quoted
    query: bytes = b""
    environ: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = ""
    cookie: str | None = None  # that of the role, unless said
    token_is_wrong: bool = False

    @property
    def said(self) -> str:
        odd_parts = {name: value[:60] for name, value in self.environ.items()}
        cookie = "" if self.cookie is None else f" cookie={self.cookie[:60]!r}"
        return (
            f"{self.role} {self.method[:20]} {self.path[:160]}?{self.query[:200]!r} {self.content_type[:60]!r} "
            f"{self.body[:600]!r} {odd_parts}{cookie}"
        )


@dataclass
class Tally:
    """What was sent and what came back."""

    answers: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    reached: set[tuple[str, str]] = field(default_factory=set)  # endpoint, method
    accepted: set[str] = field(default_factory=set)  # endpoints where an odd form was taken
    writes: int = 0
    deep: int = 0

    @property
    def sent(self) -> int:
        return sum(self.answers.values())


class Fuzzer:
    """Draws, sends and judges; the world is put back after each write."""

    def __init__(self, world: World, *, first: int, deep_every: int) -> None:
        self.world, self.deep_every, self.tally = world, deep_every, Tally()
        self.first, self.number = first, 0
        self.methods = methods_of(world.app)
        self.gets = [entry for entry in ENTRIES if "GET" in self.methods[entry.endpoint]]
        self.tokens = {role: world.clients[role].csrf_token() for role in (*ROLES, VISITOR)}
        self.cookies = {role: world._cookie(role) or "" for role in (*ROLES, VISITOR)}
        self.cookie_name = str(world.app.config["SESSION_COOKIE_NAME"])
        self.ended = self._ended_visit()
        self.http = world.app.test_client(use_cookies=False)
        self.adapter = world.app.url_map.bind("localhost")
        self.turns: Counter[str] = Counter()
        self.pages = [(role, page.format(**world.objects)) for role, page in MORE_PAGES]
        self.pages += [(role, world.path(entry)) for entry in self.gets for role in sorted(entry.roles)[-2:]]
        self.page = self.pages[0]
        self.forms: dict[tuple[str, str], list[OddForm]] = {}
        self.drafts: dict[str, set[str]] = {}
        owners = (
            'SELECT p.draft_key, u.login FROM proposal p JOIN authorship a ON a.proposal_id = p.id LEFT JOIN "user" u '
        )
        for key, login in world.rows(owners + "ON u.id = a.user_id WHERE p.state = 'draft'"):
            self.drafts.setdefault(str(key), set()).add(str(login))

    def _ended_visit(self) -> str:
        """The cookie of somebody who has logged out."""
        client = CheckedClient(self.world.app)
        with self.world.app.app_context():
            agent = db.session.scalar(select(User).where(User.login == "agent"))
            assert agent is not None
            client.login(agent)
        cookie = client.http.get_cookie(self.cookie_name)
        assert cookie is not None
        done = client.http.post("/deconnexion", data={"csrf_token": client.csrf_token()})
        assert done.status_code == HTTPStatus.SEE_OTHER
        self.world.keep()
        return cookie.value

    # --- Drawing --------------------------------------------------------------------------------------------

    def draw(self) -> Ask:
        kind = self.rng.choice(("form",) * 9 + ("query",) * 4 + ("path",) * 3 + ("method", "body", "others"))
        self.tally.kinds[kind] += 1
        ask: Ask = getattr(self, f"_{kind}")()
        for twist in ("header", "cookie", "ended"):
            if self.rng.random() < 0.12:
                self.tally.kinds[twist] += 1
                self._twist(ask, twist)
        return ask

    def _twist(self, ask: Ask, twist: str) -> None:
        if twist == "header":
            name, values = self.rng.choice(odd.HEADERS)
            ask.environ[name] = self.rng.choice((*values, self.value()[:200].decode("latin-1")))
        elif twist == "cookie":
            own = self.cookies[ask.role]
            cut = self.rng.randrange(max(len(own), 1))
            spoilt = (own[:cut], f"{own[:cut]}x{own[cut + 1 :]}")
            ask.cookie = self.rng.choice((*odd.COOKIES, *(f"{self.cookie_name}={value}" for value in spoilt)))
        else:
            ask.cookie = f"{self.cookie_name}={self.ended}"
            ask.token_is_wrong = True  # that of another visit

    def _role(self, entry: Entry) -> str:
        """Mostly somebody who may enter."""
        if self.rng.randint(0, 3):
            return self.rng.choice(sorted(entry.roles))
        return self.rng.choice((*ROLES, VISITOR))

    def value(self) -> bytes:
        return next(self.values)

    def _turn(self, kind: str, things: Sequence[T]) -> T:
        """Each in its turn, so that few requests reach every address."""
        self.turns[kind] += 1
        return things[self.turns[kind] * 7919 % len(things)]

    def _place(self, kind: str, entries: Sequence[Entry]) -> tuple[Entry, str, bytes]:
        entry = self._turn(kind, entries)
        path, _, query = self.world.path(entry).partition("?")
        return entry, path, query.encode()

    def _pairs(self, names: list[str], most: int) -> bytes:
        chosen = [(self.rng.choice(names), self.value()) for _ in range(self.rng.randint(1, most))]
        return b"&".join(f"{name}={quote_from_bytes(value)}".encode() for name, value in chosen)

    def _query(self) -> Ask:
        entry, path, query = self._place("query", self.gets)
        if self.rng.randint(0, 4) == 0:
            more = self.rng.choice((self.rng.choice(RAW_QUERIES).encode(), self.value()[:400]))
        else:
            more = self._pairs([*PARAMETERS, "page", "q", "au", "theme"], 4)
        return Ask(self._role(entry), "GET", path, query + b"&" + more)

    def _path(self) -> Ask:
        entry = self._turn("path", ENTRIES)
        wanted, _, query = entry.path.partition("?")
        names = re.findall(r"\{(\w+)\}", wanted)
        part = self.rng.choice((self.rng.choice(odd.PARTS), quote_from_bytes(self.value())))
        if names:
            spoilt = self.rng.choice(names)
            path = wanted.format(**{**self.world.objects, spoilt: part})
        else:
            path = f"{wanted}/{part}" if self.rng.random() < 0.5 else f"{wanted.rpartition('/')[0]}/{part}"
        method = self.rng.choice(sorted(self.methods[entry.endpoint]))
        return self._posting(Ask(self._role(entry), method, path, query.encode()))

    def _others(self) -> Ask:
        """A hand-made address of somebody else's draft, or of a row that is another's."""
        named = [entry for entry in ENTRIES if "{" in entry.path.partition("?")[0]]
        entry = self._turn("others", named)
        values: dict[str, Any] = {}
        for name, own in self.world.objects.items():
            if name in {"draft", "mine_key"}:
                values[name] = self.rng.choice(sorted(self.drafts))
            elif isinstance(own, int) and "{" + name + "}" in entry.path:
                values[name] = self.rng.randint(1, 300)
        path, _, query = entry.path.format(**{**self.world.objects, **values}).partition("?")
        method = self.rng.choice(sorted(self.methods[entry.endpoint]))
        role = self.rng.choice((*ROLES, VISITOR))
        return self._posting(Ask(role, method, path, query.encode()))

    def _posting(self, ask: Ask) -> Ask:
        """With its token, and a few fields that rows have."""
        if ask.method == "POST":
            ask.content_type = FORM
            ask.body = f"csrf_token={self.tokens[ask.role]}&".encode() + self._pairs(list(odd.EXTRA), 3)
            ask.environ["HTTP_ORIGIN"] = OURS
        return ask

    def _method(self) -> Ask:
        entry, path, query = self._place("method", ENTRIES)
        ask = Ask(self._role(entry), self.rng.choice(odd.METHODS), path, query)
        return self._posting(ask)

    def _body(self) -> Ask:
        posts = [entry for entry in ENTRIES if "POST" in self.methods[entry.endpoint]]
        entry, path, query = self._place("body", posts)
        ask = Ask(self._role(entry), "POST", path, query, environ={"HTTP_ORIGIN": OURS})
        ask.content_type = self.rng.choice((*odd.TYPES, FORM, FORM))
        ask.body = self.rng.choice((*odd.BODIES, HUGE))
        ask.token_is_wrong = True
        return ask

    def _form(self) -> Ask:
        """A form of a page, a few of its fields changed, dropped, repeated or added."""
        if self.number % 3 == 0 or not self.offered(*self.page):
            while not self.offered(*(place := self._turn("form", self.pages))):
                self.pages.remove(place)  # it has no form of its own
            self.page = place
        role, page = self.page
        form = self.rng.choice(self.offered(role, page))
        path, _, query = form.action.partition("#")[0].partition("?")
        ask = Ask(role, "POST", path or page.partition("?")[0], query.encode(), environ={"HTTP_ORIGIN": OURS})
        fields = self._changed(form)
        token = self.rng.choice(("right",) * 12 + ("none", "zzz.zzz", "another's"))
        if token == "another's":
            fields.append(("csrf_token", self.tokens["etude" if role != "etude" else "copil"].encode()))
        elif token != "none":
            fields.append(("csrf_token", (self.tokens[role] if token == "right" else token).encode()))
        ask.token_is_wrong = token != "right"
        if form.multipart or self.rng.randint(0, 9) == 0:
            ask.content_type, ask.body = self._multipart(form, fields)
        else:
            ask.content_type = FORM
            ask.body = b"&".join(f"{quote_from_bytes(odd.raw(n))}={quote_from_bytes(v)}".encode() for n, v in fields)
        return ask

    def _changed(self, form: OddForm) -> list[tuple[str, bytes]]:
        fields = list(form.fields)
        for _ in range(self.rng.randint(1, 4)):
            act = self.rng.choice(("set",) * 5 + ("drop", "repeat", "extra", "rename"))
            name = self.rng.choice(form.names) if form.names else "texte"
            if act in {"set", "drop"}:
                fields = [one for one in fields if one[0] != name]
            if act in {"set", "repeat"}:
                fields.append((name, self.value()))
            elif act == "extra":
                fields.append((self.rng.choice(odd.EXTRA), self.value()))
            elif act == "rename":
                suffix = self.rng.choice(("[]", "-0", "-0-id", "-99999999999", "\0", "é", "." * 50))
                fields.append((name + suffix, self.value()))
        return fields

    def _multipart(self, form: OddForm, fields: list[tuple[str, bytes]]) -> tuple[str, bytes]:
        parts = [
            b'--odd\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (odd.raw(n), v) for n, v in fields
        ]
        for name in form.files or ["file"]:
            file_name = odd.raw(self.rng.choice(odd.FILE_NAMES)).replace(b'"', b"%22")
            content = self.rng.choice(odd.files())
            head = b'--odd\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n' % (odd.raw(name), file_name)
            kind = self.rng.choice((b"image/png", b"text/csv", b"", b"text/html", b"x" * 300))
            parts.append(head + b"Content-Type: " + kind + b"\r\n\r\n" + content + b"\r\n")
        return "multipart/form-data; boundary=odd", b"".join(parts) + b"--odd--\r\n"

    # --- Forms of pages -------------------------------------------------------------------------------------

    def offered(self, role: str, page: str) -> list[OddForm]:
        """The forms that this page offers to that person."""
        if (role, page) not in self.forms:
            answer = self.world.open(role, "GET", page, check=False)
            posting = [one for one in answer.select("form") if str(one.get("method", "get")).lower() == "post"]
            self.forms[role, page] = [
                _form(one, role, page) for one in posting if not COMMON.search(str(one.get("action")))
            ]
        return self.forms[role, page]

    # --- Sending and judging --------------------------------------------------------------------------------

    def send(self, ask: Ask) -> Answer:
        """As it travels: path, query and headers as bytes, no client that would mend them."""
        own = self.cookies[ask.role]
        environ = {
            "PATH_INFO": unquote_to_bytes(ask.path).decode("latin-1"),
            "QUERY_STRING": ask.query.decode("latin-1"),
            "HTTP_COOKIE": ask.cookie if ask.cookie is not None else f"{self.cookie_name}={own}" if own else "",
            **ask.environ,
        }
        typed = {"data": ask.body, "content_type": ask.content_type} if ask.method not in {"GET", "HEAD"} else {}
        return Answer(self.http.open("/", method=ask.method, environ_overrides=environ, **typed))

    def try_one(self, values: list[bytes]) -> None:
        self.number += 1
        self.rng = random.Random(f"{self.first} {self.number}")  # draws what is asked; the values are hypothesis's
        self.values = cycle(values)
        ask = self.last = self.draw()
        before = self.world.watch.now()
        answer = self.send(ask)
        self._count(ask, answer)
        wrote = self.world.watch.written_since(before)
        try:
            self.judge(ask, answer, wrote=wrote)
            if wrote:
                self._after_write(ask, answer)
        finally:
            if wrote:
                self.world.put_back()

    def _count(self, ask: Ask, answer: Answer) -> None:
        self.tally.answers[answer.status] += 1
        try:
            endpoint, _ = self.adapter.match(unquote_to_bytes(ask.path).decode("utf-8", "replace"), method=ask.method)
        except (HTTPException, ValueError):
            return
        self.tally.reached.add((endpoint, ask.method))
        if ask.method == "POST" and answer.status < 400:
            self.tally.accepted.add(endpoint)

    def _after_write(self, ask: Ask, answer: Answer) -> None:
        """The page where it leads, and every invariant of the database."""
        self.tally.writes += 1
        if answer.status in {302, 303} and answer.location.startswith("/"):
            path, _, query = answer.location.partition("#")[0].partition("?")
            follow = Ask(ask.role, "GET", path, query.encode("utf-8", "surrogatepass"))
            self.judge(follow, self.send(follow), wrote=False, after=ask.said)
        if self.tally.writes % self.deep_every == 0:
            self.tally.deep += 1
            with self.world.app.test_request_context("/"):
                broken = [finding.message for finding in checks.deep() if finding.level is Level.ERROR]
            if broken:
                raise Fault(f"{broken} after {ask.said}")

    def judge(self, ask: Ask, answer: Answer, *, wrote: bool, after: str = "") -> None:
        said = f"{answer.status} {ask.said}" + (f"\nafter {after}" if after else "")
        if answer.status >= 500:
            raise Fault(f"a failure: {said}")
        if "Traceback (most recent call" in answer.text:
            raise Fault(f"a traceback: {said}")
        self.world.clients[ask.role]._check_sealed(answer)
        judge_headers(answer, said)
        judge_page(answer, said, method=ask.method, may_be_json="HTTP_ACCEPT" in ask.environ)
        if wrote and ask.method not in {"POST"}:
            raise Fault(f"only a POST may write: {said}")
        if wrote and answer.status >= 400 and not COUNTED.search(ask.path):
            raise Fault(f"refused, yet written: {said}")
        if wrote and ask.token_is_wrong:
            raise Fault(f"written without the token: {said}")
        draft = DRAFT.search(ask.path)
        owners = self.drafts.get(draft[1]) if draft else None
        # OPTIONS tells which methods an address takes, the same of any key, and has no text
        told = answer.status < 400 and "connexion" not in answer.location
        told = told and (ask.method != "OPTIONS" or bool(answer.text))
        if owners is not None and ask.role not in owners and told:
            raise Fault(f"somebody else's draft: {said}")


def _form(form: Tag, role: str, page: str) -> OddForm:
    plain = read(form, role, page)
    inputs = form.select("input[type=password]")
    files = [str(one["name"]) for one in form.select("input[type=file]") if one.get("name")]
    fields = [(name, odd.raw(value)) for name, value in plain.fields]
    fields += [(str(one["name"]), b"un mot de passe d'essai") for one in inputs]
    names = list(dict.fromkeys(name for name, _ in fields)) + [n for n in (*plain.choices, *plain.texts) if n]
    return OddForm(plain.action, fields, names, files, form.get("enctype") == "multipart/form-data")
