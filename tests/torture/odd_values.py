"""What nobody should send: odd texts, numbers, dates, addresses, headers, bodies and files, and how they are drawn."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from functools import cache

from hypothesis import strategies as st

from tests.extra_fields import EXTRA as FIELDS
from tests.register import REALDATA

# never to come back as it is typed: neither as an element, nor out of the quotes of an attribute
MARKUP = "<x-fuzz\"'>"
HEADER = "X-Fuzz"  # never to become a header of an answer
LONG, VERY_LONG = "x" * 10_000, "Une idee. " * 30_000
NASTY = REALDATA / "nasty"  # lists that are not shipped: they add to ours where they are

EMPTY = ("", " ", "\t", "\r\n", "\u00a0", "\u200b", "\ufeff", "\u2028", "\u3000", "\u115f")
CONTROLS = (
    "\0",
    "a\0b",
    "\x01\x1f",
    "\x7f",
    "\x85",
    "\ud800",
    "\udfff\ud800",
    "\ufffe",
    "\uffff",
    "\U0010ffff",
    "\x1b[2J",
)
WRITING = (
    "\u202eeuqirbaf tse ici", "\u2066\u2067\u2068", "مرحبا", "שלום", "e" + "\u0301" * 400, "👩‍👩‍👧‍👦" * 20, "🇫🇷",
    "İI\u0131i", "ß\u1e9e",
    "ſ", "ﬁn", "ﷺ", "Ａｄｍｉｎ", "аgent", "е\u0301quipe", "Å\u212b", "한\u1112\u1161\u11ab", "字" * 500,
    "\u0600" * 30, "ඞ",
    "𝒶𝓭𝓂𝒾𝓃",
)  # fmt: skip
NUMBERS = (
    "-1", "0", "00", "-0", "+1", "1.5", "1,5", "1e99", "1e999", "NaN", "Infinity", "0x10", "1_000", " 1 ", "٣٤", "½",
    "²", "١",
    "१", str(2**31 - 1), str(2**31), str(2**32), str(2**53 + 1), str(2**63 - 1), str(2**63), str(2**64),
    str(-(2**63) - 1),
    "9" * 400, "9" * 5000, "1" + "0" * 30, "True", "None", "null", "[]",
)  # fmt: skip
DAYS = (
    "0000-00-00", "2026-02-30", "2026-13-01", "9999-12-31", "9999-99-99", "10000-01-01", "0001-01-01", "-0001-01-01",
    "2026-1-1", "２０２６-０３-１６", "2026-W05", "2026-03-16T25:61", "16/03/2026", "24:00", "99:99",
    "1900-02-29", "0000-T1",
    "2026-T9",
    "2026-T0", "9999-T4", "demain",
)  # fmt: skip
INJECTIONS = (
    "' OR 1=1 --", '"; DROP TABLE "user"; --', "%' AND randomblob(9) --", "NEAR(a b", '"', "a*", "* OR *", "title:a",
    "- -a",
    "{{7*7}}${7*7}<%=7*7%>#{7*7}", "%s%n%x%d", "%(name)s", "{0.__class__}", "=cmd|' /C calc'!A0", "@SUM(1)", "+1+1",
    "\t=1",
    "</textarea>", "</title></script>", "--><!--", "]]>", "&lt;&#0;&bogus;", "javascript:alert(1)", "JaVaScRiPt:x",
    "[x](javascript:alert(1))", "[x](data:text/html,x)", "![x](http://ailleurs.example/x)", "[x]: <javascript:1>",
    "<http://a>",
    "*" * 3000, "[" * 3000, "> " * 1000, "`" * 2000, "- " * 500, f"\r\n{HEADER}: 1", f"%0d%0a{HEADER}:1",
    "../../etc/passwd", "..\\..\\win.ini", "/etc/passwd\0.png", "file:///etc/passwd", "http://169.254.169.254/",
    "//ailleurs.example",
    "|id", "`id`", "$(id)", "() { :;}; x", "(a+)+$", "(" * 200, "a@b@c", "a@exemple.fr\r\nBcc: x@y.fr", "*)(uid=*",
    "<a@b.fr>",
)  # fmt: skip
TEXTS = (*EMPTY, *CONTROLS, *WRITING, *NUMBERS, *DAYS, *INJECTIONS, MARKUP, LONG)
# fields that rows have and forms have not, and some that the tool or libraries read
EXTRA = (
    *FIELDS, "actor", "locale", "csrf_token", "__proto__", "submit", "_resume_target", "_resume_login",
    "_resume_password", "suite", "retour",
)  # fmt: skip
# parameters that pages read, and some that libraries do
PARTS = ("0", "-1", "1", "7", "9999", str(2**31), str(2**63), "9" * 300, "1e3", "abc", "%00", "%ff", "%c0%af", "..",
         "%2e%2e", ".", "%2f", "%5c", "%0d%0aX-Fuzz:1", "<x-fuzz%22'>", "'", "1%20", "%E2%80%AE", "a" * 3000,
         "2026-T9", "0000-T1",
    "", "~", ";",
         "%F0%9F%87%AB", "null", "1;drop", "%ud800", "%", "%zz", "-", "@", "{{7*7}}")  # fmt: skip
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 200)
TYPES = (
    "application/json", "text/plain", "text/xml", "application/octet-stream", "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "b" * 300, "multipart/form-data; boundary=\xe9",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=zzz", "", "image/png", "x" * 3000, "text/html\0",
    "application/JSON; a=\"", "multipart/mixed",
)  # fmt: skip
BODIES = (
    b"", b"{", b'{"a": [1, {"b": null}], "csrf_token": 1}', b"[" * 5000, b"\xff\xfe\x00", b"\0" * 2000, b"&" * 3000,
    b"=&=&=", b"a=%ff%fe&b=%zz&%00=%00",
    b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", b"--x--",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    b"&".join(b"f%d=1" % n for n in range(1500)), "é=è&ç=à".encode("utf-16"), b"q=" + b"x" * 300_000,
)  # fmt: skip
HEADERS: tuple[tuple[str, Sequence[str]], ...] = (
    ("HTTP_HOST", ("", "ailleurs.example", "localhost:99999", "localhost@ailleurs.example", "[::1", "a b", "x" * 3000,
    "\xff", "<x-fuzz\"'>")),
    ("HTTP_ACCEPT", ("application/json", "*/*;q=x", "text/html;q=9" * 300, "\xff", "application/xml", "," * 2000)),
    ("HTTP_ACCEPT_LANGUAGE", ("en", "fr;q=zzz", "*" * 3000, "\xff", "en-" + "a" * 3000, "tlh", "../en", ";=,")),
    ("HTTP_ACCEPT_ENCODING", ("gzip;q=0, *;q=0", "br", "\xff", "," * 500)),
    ("HTTP_IF_NONE_MATCH", ("*", '"', 'W/"x"', '"' + "x" * 5000 + '"', "\xff", '"<x-fuzz>"')),
    ("HTTP_IF_MODIFIED_SINCE", ("0", "Mon, 30 Feb 2026 25:00:00 GMT", "Thu, 01 Jan 0000 00:00:00 GMT",
    "Sun, 01 Jan 99999 00:00:00 GMT", "\xff")),
    ("HTTP_RANGE", ("bytes=0-", "bytes=-1", "bytes=9-1", "bytes=0-0," * 500, "zzz=1-2", "bytes=" + "9" * 400 + "-")),
    ("HTTP_IF_RANGE", ('"x"', "zzz")),
    ("HTTP_REFERER", ("http://ailleurs.example/", "http://[", "<x-fuzz\"'>", "javascript:1", "x" * 5000, "\xff")),
    ("HTTP_ORIGIN", ("null", "http://ailleurs.example", "http://localhost.ailleurs.example", "http://[", "\xff",
    "<x-fuzz\"'>")),
    ("HTTP_SEC_FETCH_SITE", ("cross-site", "zzz", "\xff")),
    ("HTTP_X_FORWARDED_FOR", ("6.6.6.6", "zzz", "," * 300, "\xff", "127.0.0.1, <x-fuzz>")),
    ("HTTP_X_FORWARDED_HOST", ("ailleurs.example", "<x-fuzz\"'>")),
    ("HTTP_X_FORWARDED_PROTO", ("https", "zzz")),
    ("HTTP_X_FORWARDED_PREFIX", ("/ailleurs", "//ailleurs.example")),
    ("HTTP_FORWARDED", ("for=6.6.6.6;host=ailleurs.example",)),
    ("HTTP_X_HTTP_METHOD_OVERRIDE", ("DELETE", "POST")),
    ("HTTP_AUTHORIZATION", ("Basic zzz", "Basic " + "x" * 5000, "Bearer <x-fuzz>", "Digest a=", "\xff")),
    ("HTTP_USER_AGENT", ("", "x" * 9000, "<x-fuzz\"'>", "\xff", "() { :;}; x")),
    ("HTTP_X_REQUEST_ID", ("<x-fuzz\"'>", "x" * 5000, "a b", "\xff")),
    ("HTTP_EXPECT", ("100-continue", "zzz")),
    ("HTTP_TRANSFER_ENCODING", ("chunked", "zzz", "gzip, chunked")),
    ("HTTP_CONTENT_ENCODING", ("gzip", "zzz")),
    ("CONTENT_LENGTH", ("", "-1", "abc", "0", "9" * 30, "1e3", "٣")),
)  # fmt: skip
COOKIES = (
    "", "=", ";;;", "tracker", "tracker=", "tracker=zzz", "tracker=a.b.c", "tracker=.eJx.x.x",
    "tracker=" + "x" * 9000, "tracker=\xff\xfe", "tracker=\0",
    'tracker="\\377\\000"', "tracker=a; tracker=b", "csrf_token=zzz; session=zzz; remember_token=1|x", "a=b;" * 800,
    "tracker=<x-fuzz\"'>", "$Version=1; tracker=1",
)  # fmt: skip
FILE_NAMES = (
    "", "agents.csv", "agents.xlsx", "logo.png", "logo.svg", "../../logo.png", "..\\..\\x.png", "/etc/passwd",
    "a\0b.png", "con", ".htaccess", "x.php",
    "<x-fuzz\"'>.csv", "\u202egnp.exe", "é" * 300 + ".csv", "x" * 3000, "a;b=c.csv", "logo.png.exe", "=1+1.csv",
    " .csv", "%00.csv", "\ud800.csv",
)  # fmt: skip


def _zip(content: bytes) -> bytes:
    """A workbook whose one sheet is that."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", content[:200])
        archive.writestr("xl/workbook.xml", content[:200])
        archive.writestr("xl/worksheets/sheet1.xml", content)
    return out.getvalue()


_FILES = (
    b"", b"\0" * 500, b"\xff\xfe\x00", b"PK\x03\x04", b"Matricule;Nom\n", b"Nom;Nom;Nom\n=1+1;<x-fuzz\"'>;@a\n",
    b"a\n" * 5000, b"\xef\xbb\xbf;;;\n;;;\n",
    b"Matricule;Nom;Pr\xe9nom\n1;\"", b"Matricule,Nom,Prenom\n" + b"9" * 400 + b",<x-fuzz\"'>,x\n", b"sep=\x00\n1",
    b"x;" * 3000, "Nom;Prénom\n".encode("utf-32"),
    b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x06\0\0\0",
    b"GIF89a\xff\xff\xff\xff", b"\xff\xd8\xff\xe0",
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>", b"%PDF-1.4",
    b"<html><x-fuzz\"'>", b"RIFF\xff\xff\xff\xffWEBP",
)  # fmt: skip


@cache
def files() -> tuple[bytes, ...]:
    """Ours, a workbook that is a megabyte once opened, one that is none; then the lists that are not shipped."""
    ours = (*_FILES, _zip(b"<worksheet>" + b"<row/>" * 150_000), _zip(b"\xff"))
    found = [
        one
        for folder in ("csv_spectrum/csvs", "phpspreadsheet_csv", "phpspreadsheet_xlsx")
        for one in sorted((NASTY / folder).glob("*"))
    ]
    return (*ours, *(one.read_bytes() for one in found if one.is_file()))


@cache
def _look_alikes() -> dict[str, str]:
    """For each letter another that looks like it: of the Unicode lists where they are, ours otherwise."""
    ours = dict(zip("aceiopsxyAEOTHKM", "асеіорѕхуАЕОТНКМ", strict=True))
    listed = NASTY / "unicode" / "confusables.json"
    if not listed.is_file():
        return ours
    found = json.loads(listed.read_text("utf-8"))
    return {**{letter: likes[-1]["c"] for letter, likes in found.items() if letter.isascii() and likes}, **ours}


def look_alike(text: str) -> str:
    """The same words to the eye, none of them to a machine."""
    return "".join(_look_alikes().get(letter, letter) for letter in text)


def raw(text: str) -> bytes:
    """As bytes, halves of pairs included, which no decoder takes."""
    return text.encode("utf-8", "surrogatepass")


def values() -> st.SearchStrategy[bytes]:
    """One thing that may be typed, as it travels."""
    listed = st.sampled_from(TEXTS)
    return st.one_of(
        listed.map(raw),
        listed.map(lambda text: raw(text[:2000] + MARKUP)),
        st.sampled_from(DAYS + NUMBERS).map(raw),
        st.text(max_size=60).map(raw),
        st.text(max_size=30).map(lambda text: raw(MARKUP + text + MARKUP)),
        st.binary(max_size=30),
        st.integers().map(lambda number: str(number).encode()),
        st.sampled_from(("agent", "admin", "publiée", "Une idée simple pour mieux travailler")).map(
            lambda text: raw(look_alike(text))
        ),
        st.sampled_from((raw(VERY_LONG), b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80")),
    )
