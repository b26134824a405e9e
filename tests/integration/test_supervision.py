"""What supervision reads and what the server writes of requests: enough to run it, nothing of people nor of votes."""

from __future__ import annotations

import dis
import json
import logging
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, cast

import pytest
import sqlalchemy.exc
from flask import Flask

from tests import databases, factories, servers
from tests.client import CheckedClient
from tests.conftest import NOON
from tests.integration.test_errors import OWN
from tracker import logs
from tracker.enums import OutboxState
from tracker.extensions import db, end_transaction, write_transaction
from tracker.models import OutboxMessage, User
from tracker.queries.supervision import COPY
from tracker.services import maintenance, votes
from tracker.views.watching import VOTING

SECURE = {"base_url": "https://localhost"}
TOKEN = "jeton-de-la-supervision-1234"


@pytest.fixture
def production(trial: Any) -> CheckedClient:
    return CheckedClient(trial(mode="production"))


def figures(text: str) -> dict[str, float]:
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line[:1] != "#"}


def requests_of(client: CheckedClient, endpoint: str) -> float:
    found = figures(client.get("/metrics").text)
    return sum(
        value for name, value in found.items() if name.startswith(f'tracker_requests_total{{endpoint="{endpoint}"')
    )


# --- Metrics -----------------------------------------------------------------------------------------------------


def test_requests_are_counted_by_the_name_of_their_page_and_by_nothing_of_theirs(client, writing) -> None:
    with writing():
        programme = factories.programme()
        agent, proposal = factories.user(login="rare.identifiant", programme=programme), factories.proposal(programme)
    client.login(agent)
    before = requests_of(client, "proposals.show")
    client.get(f"/propositions/{proposal.number}?mot=inavouable")
    client.get("/adresse-inventee", expected=404)
    assert requests_of(client, "proposals.show") == before + 1
    text = client.get("/metrics").text
    assert 'tracker_requests_total{endpoint="none",method="GET",status="4xx"}' in text
    for word in ("rare.identifiant", agent.last_name, "inavouable", "adresse-inventee", "127.0.0.1", "/propositions"):
        assert word not in text


def test_a_method_that_a_visitor_makes_up_makes_no_new_series(client) -> None:
    client._open("PROPFIND", "/aide", 405)
    text = client.get("/metrics").text
    assert 'method="other"' in text
    assert "PROPFIND" not in text


def test_supervision_sees_mails_jobs_and_copies(app: Flask, client, writing, clock) -> None:
    with writing():
        for n, state in enumerate((OutboxState.FAILED, OutboxState.FAILED, OutboxState.PENDING)):
            db.session.add(OutboxMessage(
                dedupe_key=f"{n}", address="qui@exemple.fr", kind="x", state=state,
                not_before=NOON, queued_at=NOON,
            ))  # fmt: skip
    assert not any(name.startswith(("tracker_jobs", "tracker_backup")) for name in figures(client.get("/metrics").text))
    with write_transaction():
        maintenance.note_round(now=NOON, seconds=1.5, failures=0)
        maintenance.note_round(now=NOON + timedelta(minutes=5), seconds=2.5, failures=3)
        maintenance.note(COPY, {"at": (NOON - timedelta(hours=7)).isoformat(), "bytes": 4096})
    found = figures(client.get("/metrics").text)
    assert found['tracker_mails{state="failed"}'] == 2
    assert found['tracker_mails{state="pending"}'] == 1
    assert found["tracker_jobs_last_success_timestamp_seconds"] == NOON.timestamp()
    assert found["tracker_jobs_last_round_timestamp_seconds"] == NOON.timestamp() + 300
    assert (found["tracker_jobs_last_round_seconds"], found["tracker_jobs_last_round_failures"]) == (2.5, 3)
    assert (found["tracker_backup_age_seconds"], found["tracker_backup_bytes"]) == (7 * 3600, 4096)
    assert "qui@exemple.fr" not in client.get("/metrics").text


def test_without_database_supervision_is_told_so(trial) -> None:
    site = CheckedClient(trial())
    before = figures(site.get("/metrics").text)["tracker_database_trouble_total"]
    end_transaction(commit=False)
    databases.let_go(site.app)
    with site.app.config["BASE"].away():
        site.get("/connexion", expected=503)
        found = figures(site.get("/metrics").text)
    assert found["tracker_database_up"] == 0
    assert found["tracker_database_trouble_total"] == before + 1


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_without_token_metrics_are_for_this_machine_asking_directly(trial, name: str) -> None:
    for site in (CheckedClient(trial()), CheckedClient(trial(TRACKER_TRUSTED_PROXIES="1"))):
        site.get("/metrics")
        site.get("/metrics", expected=404, headers={name: "127.0.0.1"})
        site.get("/metrics", expected=404, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        site.get("/metrics", expected=404, environ_base={"REMOTE_ADDR": ""})


def test_where_something_stands_in_front_untold_only_a_token_opens_metrics(trial) -> None:
    """A bare proxy_pass adds no header: everybody would be this machine."""
    front = {"TRACKER_BASE_URL": "https://projet.exemple.fr"}
    CheckedClient(trial(**front)).get("/metrics", expected=404)
    CheckedClient(trial(**front, TRACKER_TRUSTED_PROXIES="1")).get("/metrics")
    with_token = CheckedClient(trial(**front, TRACKER_METRICS_TOKEN=TOKEN))
    with_token.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})


def test_with_a_token_metrics_are_for_who_has_it_from_anywhere_and_for_nobody_else(trial) -> None:
    site = CheckedClient(trial(TRACKER_METRICS_TOKEN=TOKEN))
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    answer = site.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, environ_base=elsewhere)
    assert answer.response.headers["Cache-Control"] == "no-store"
    for given in ({}, {"Authorization": TOKEN}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": "Bearer é"}):
        site.get("/metrics", expected=404, headers=given)


def voting_in(app: Flask) -> tuple[CheckedClient, User, int]:
    """A visitor's browser, somebody who may support, and the number of what they may support."""
    site = CheckedClient(app)
    with write_transaction():
        programme = factories.programme()
        campaign = factories.open_campaign(programme)
        agent = factories.user(programme=programme)
        number = factories.proposal(programme, campaign_id=campaign.id).number
    return site, agent, number


def test_an_endpoint_that_casts_a_vote_is_neither_counted_nor_logged(trial, capfd) -> None:
    site, agent, number = voting_in(trial(mode="production"))
    site.login(agent)
    before = figures(site.get("/metrics", **SECURE).text)
    capfd.readouterr()
    for act in ("soutien", "retrait-soutien"):
        answer = site.post(f"/propositions/{number}/{act}", headers=OWN | {"Origin": "https://localhost"}, **SECURE)
        assert answer.response.headers["X-Request-ID"]
    assert capfd.readouterr() == ("", "")
    after = figures(site.get("/metrics", **SECURE).text)
    changed = {name for name in after if after[name] != before.get(name) and not name.endswith("_created")}
    assert all('endpoint="metrics.show"' in name for name in changed), changed


def called_by(function: FunctionType) -> Iterator[FunctionType]:
    """Functions of the tool that one names: bare, of a module, or around which it stands."""
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
        found: Any = None
        for step in dis.get_instructions(code):
            if step.opname == "LOAD_GLOBAL":
                found = function.__globals__.get(step.argval)
            elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(found, ModuleType):
                found = getattr(found, step.argval, None)
            else:
                found = None
            if isinstance(found, FunctionType) and found.__module__.startswith("tracker."):
                yield found
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    yield from (one for one in held if isinstance(one, FunctionType))


def reach(view: FunctionType) -> set[FunctionType]:
    found, left = {view}, [view]
    while left:
        new = set(called_by(left.pop())) - found
        found |= new
        left += new
    return found


def test_every_endpoint_that_reaches_a_vote_is_one_of_those_left_out(app: Flask) -> None:
    writes = {votes.cast, votes.withdraw}
    found = {name for name, view in app.view_functions.items() if writes & reach(cast(FunctionType, view))}
    assert found == VOTING


# --- Lines of log ------------------------------------------------------------------------------------------------


def test_each_request_leaves_one_object_without_anything_of_who_asks_or_for_what(production, capfd) -> None:
    with write_transaction():
        programme = factories.programme()
        agent, proposal = factories.user(login="rare.identifiant", programme=programme), factories.proposal(programme)
        number = proposal.number
    production.login(agent)
    capfd.readouterr()
    answer = production.get(
        f"/propositions/{number}?mot=inavouable", environ_base={"REMOTE_ADDR": "192.0.2.7"}, **SECURE
    )
    line = capfd.readouterr().err
    said = json.loads(line)
    assert set(said) == {"at", "level", "id", "method", "endpoint", "status", "ms", "bytes"}
    assert (said["method"], said["endpoint"], said["status"]) == ("GET", "proposals.show", 200)
    assert said["id"] == answer.response.headers["X-Request-ID"]
    assert said["bytes"] == len(answer.response.data)
    assert not re.search(rf"inavouable|rare|192\.0\.2|/propositions|{re.escape(agent.last_name)}", line)


@pytest.mark.parametrize("given", ["4f1913b1a00a6399", "req-2026.03_16"])
def test_the_number_of_a_believed_proxy_is_kept(trial, given: str) -> None:
    site = CheckedClient(trial(TRACKER_TRUSTED_PROXIES="1"))
    assert site.get("/aide", headers={logs.HEADER: given}).response.headers[logs.HEADER] == given


@pytest.mark.parametrize("given", ["court", "x" * 65, "a b c d e f g", 'abcdefgh", "status": 500', "éééééééé", ""])
def test_a_number_that_is_ill_formed_or_nobodys_is_ours(trial, given: str) -> None:
    believed, alone = CheckedClient(trial(TRACKER_TRUSTED_PROXIES="1")), CheckedClient(trial())
    for site, name in ((believed, given), (alone, "4f1913b1a00a6399")):
        found = site.get("/aide", headers={logs.HEADER: name.encode().decode("latin-1")}).response.headers[logs.HEADER]
        assert re.fullmatch(r"[0-9a-f]{16}", found)
        assert found != name


def formatted(error: Exception, name: str = "tracker", message: str = "exception") -> dict[str, Any]:
    record = logging.LogRecord(name, logging.ERROR, "", 0, message, (), (type(error), error, error.__traceback__))
    said: dict[str, Any] = json.loads(logs.JsonLines().format(record))
    return said


def test_accents_are_read_as_they_are_written_in_the_journal() -> None:
    record = logging.LogRecord(
        "gunicorn.error", logging.ERROR, "", 0, "La base est celle d'une version passée", (), None
    )
    assert "version passée" in logs.JsonLines().format(record)


def test_an_error_is_told_by_its_kind_and_place_never_by_what_somebody_typed() -> None:
    try:
        try:
            int("Madame Rare")
        except ValueError as error:
            raise OSError(28, "Madame Rare") from error
    except OSError as error:
        said = formatted(error)
    assert "Rare" not in json.dumps(said, ensure_ascii=False)
    assert [one["kind"] for one in said["error"]] == ["builtins.OSError", "builtins.ValueError"]
    assert said["error"][0]["reason"] == os.strerror(28)
    assert said["error"][1]["where"][-1].startswith("tests/integration/test_supervision.py:")


def test_the_servers_own_sentences_lose_the_address_they_quote() -> None:
    for message in ("Error handling request /propositions/48/soutien?x=1", "Invalid request from ip=192.0.2.7: y"):
        said = formatted(ValueError(), name="gunicorn.error", message=message)["message"]
        assert message.startswith(said)
        assert not re.search(r"48|192", said)


def test_a_failure_shows_the_number_by_which_the_operator_finds_it(production, caplog, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(production.app.config, "PROPAGATE_EXCEPTIONS", False)
        answer = production.get("/essai/casse?secret=1", expected=500, **SECURE)
    number = answer.response.headers[logs.HEADER]
    assert number in answer
    assert [(one.message, one.exc_info is not None) for one in caplog.records] == [("exception", True)]
    assert number not in production.get("/essai/refus/503", expected=503, **SECURE)


@pytest.mark.parametrize(
    ("failure", "status", "kinds"),
    [
        (sqlalchemy.exc.OperationalError("INSERT", {"tag": "trace"}, Exception("trace")), 503, []),
        (ValueError("trace"), 500, ["builtins.ValueError"]),
    ],
)
def test_a_vote_that_fails_is_told_without_its_name(
    trial, monkeypatch, caplog, failure: Exception, status: int, kinds: list[str]
) -> None:
    site, agent, number = voting_in(trial(mode="production"))
    lines: list[dict[str, Any]] = []
    shape = logs.JsonLines()
    monkeypatch.setattr(caplog.handler, "emit", lambda record: lines.append(json.loads(shape.format(record))))

    def away(*_args: Any, **_options: Any) -> None:
        raise failure

    monkeypatch.setattr("tracker.services.votes.cast", away)
    monkeypatch.setitem(site.app.config, "PROPAGATE_EXCEPTIONS", False)
    site.login(agent).post(
        f"/propositions/{number}/soutien", expected=status, headers={"Origin": "https://localhost"}, **SECURE
    )
    assert [one["endpoint"] for one in lines] == [""]
    assert [error["kind"] for one in lines for error in one.get("error", [])] == kinds
    assert not re.search(r"trace|soutien|propos|support|votes|cast", json.dumps(lines))


# --- The server --------------------------------------------------------------------------------------------------

HEALTHY = 'tracker_requests_total{endpoint="health.healthz",method="GET",status="2xx"}'


@pytest.mark.sqlite("the server is the same on both")
def test_the_processes_of_a_server_count_together_and_forget_the_server_before(
    app: Flask, tmp_path: Path, monkeypatch: Any
) -> None:
    databases.let_go(app)
    port = servers.free_port()
    counts = tmp_path / f"counts-{port}"
    counts.mkdir()
    (counts / "counter_1.db").write_bytes(b"of a server that was killed")
    with servers.running(tmp_path, app.config["BASE"].url, port=port, mode="production") as node:

        def read(path: str) -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                text: str = answer.read().decode()
            return text

        before = figures(read("/metrics"))[HEALTHY]
        for _ in range(30):
            read("/healthz")
        found = {figures(read("/metrics"))[HEALTHY] for _ in range(6)}
        assert node.stop() == 0
        said = [json.loads(line) for line in node.said().splitlines()]
    assert found == {before + 30}, "whichever process answers"
    assert sum(line.get("endpoint") == "health.healthz" for line in said) == before + 30
    assert not {path.name for path in counts.glob("gauge_*")}, "nothing is in flight any more"
