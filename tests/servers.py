"""Production servers of the tests' own, each on a port of its own, and people whom any of them may answer."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from tests import databases
from tests.client import CheckedClient
from tests.conftest import SECRET
from tracker import create_app
from tracker.config import ROOT

FAILED = re.compile(r'Traceback|"error": \[')  # as the demonstration and a town's server say a failure


class Cut(Exception):
    """The connection ended before the answer: nobody knows what became of the request."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    text: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class Node:
    """A server by the process of its master."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def workers(self) -> list[int]:
        """The processes that answer; none once the master is gone."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with suppress(FileNotFoundError):
            return [int(one) for one in children.read_text().split()]
        return []

    def kill(self, process: int) -> None:
        """That process alone, at once."""
        os.kill(process, signal.SIGKILL)
        if process == self.process.pid:
            self.process.wait(timeout=30)

    def end(self) -> None:
        """At once, workers too, as when a machine loses its power."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self, timeout: float = 40) -> int:
        """As a system stops a service: what is being answered is answered first."""
        self.process.terminate()
        return self.process.wait(timeout=timeout)

    def said(self) -> str:
        return self.log.read_text("utf-8")


class Person:
    """Somebody with a browser, by their cookie and the token of their forms; each request has its own connection."""

    def __init__(self, app: Flask, user: Any = None) -> None:
        """`user`: None for who has not logged in."""
        client = CheckedClient(app)
        if user is not None:
            client.login(user)
        self._token = client.csrf_token()
        cookie = client.http.get_cookie("tracker")
        assert cookie is not None
        self._headers = {"Cookie": f"tracker={cookie.value}"}

    def get(self, node: Node, path: str, **headers: str) -> Reply:
        return self._ask(node, "GET", path, None, headers)

    def post(self, node: Node, path: str, fields: Mapping[str, Any] | None = None, **headers: str) -> Reply:
        """Send a form, as from one of our pages."""
        return self._ask(node, "POST", path, self._body(fields), self._form(node) | headers)

    def post_file(self, node: Node, path: str, data: bytes) -> Reply:
        """Send a form with a file."""
        lines = ("--part", 'Content-Disposition: form-data; name="file"; filename="file.csv"', "", "")
        body = "\r\n".join(lines).encode() + data + b"\r\n--part--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=part", "X-CSRFToken": self._token}
        return self._ask(node, "POST", path, body, self._form(node) | kind)

    def send(self, node: Node, path: str, fields: Mapping[str, Any] | None = None) -> None:
        """Send a form, and leave before the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=40)
        connection.request("POST", path, self._body(fields), self._headers | self._form(node))
        connection.close()

    def _body(self, fields: Mapping[str, Any] | None) -> str:
        return urlencode({"csrf_token": self._token, **(fields or {})}, doseq=True)

    def _form(self, node: Node) -> dict[str, str]:
        return {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{node.port}"}

    def _ask(self, node: Node, method: str, path: str, body: str | bytes | None, headers: Mapping[str, str]) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=40)
        try:
            connection.request(method, path, body, {**self._headers, **headers})
            answer = connection.getresponse()
            return Reply(answer.status, answer.read().decode(), dict(answer.getheaders()))
        except (OSError, http.client.HTTPException) as error:
            raise Cut from error
        finally:
            connection.close()


def application(folder: Path, url: str, mode: str = "test") -> Flask:
    """The application of this process on a database that servers share."""
    return create_app(
        environ={
            "TRACKER_MODE": mode, "TRACKER_SECRET_KEY": SECRET, "TRACKER_INSTANCE": str(folder), "DATABASE_URL": url,
        },
        config={"TESTING": True},
    )  # fmt: skip


@contextmanager
def shared(base: Any, folder: Path) -> Iterator[Flask]:
    """The application on an empty database that processes share; the clock is the real one, as they read it."""
    base.put_back("empty")
    app = application(folder, base.url)
    with app.app_context():
        yield app
    databases.let_go(app)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start(
    folder: Path,
    url: str,
    *arguments: str,
    name: str = "server",
    port: int = 0,
    mode: str = "demo",
    before: tuple[str, ...] = (),
) -> Node:
    """A server that answers; `before`: words of the command that starts it. The caller ends it."""
    port = port or free_port()
    environment = {
        **os.environ, "TRACKER_MODE": mode, "TRACKER_SECRET_KEY": SECRET, "TRACKER_INSTANCE": str(folder),
        "DATABASE_URL": url, "PORT": str(port), "PROMETHEUS_MULTIPROC_DIR": str(folder / f"counts-{port}"),
    }  # fmt: skip
    environment.pop("FLASK_RUN_FROM_CLI", None)
    return launch(folder / f"{name}.log", environment, *arguments, before=before)


def launch(log: Path, environment: Mapping[str, str], *arguments: str, before: tuple[str, ...] = ()) -> Node:
    """The production server with all that it is told; `PORT` among them."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*before, sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", *arguments, "wsgi:app"],
            cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
        )  # fmt: skip
    node = Node(int(environment["PORT"]), process, log)
    try:
        wait_for(node)
    except BaseException:
        node.end()
        raise
    return node


@contextmanager
def running(folder: Path, url: str, *arguments: str, **options: Any) -> Iterator[Node]:
    """A server that ends with this, and has failed nowhere."""
    node = start(folder, url, *arguments, **options)
    try:
        yield node
        assert not FAILED.search(node.said()), node.said()[-4000:]
    finally:
        node.end()


def wait_for(node: Node, status: int = 200) -> None:
    """Until it answers so of its health."""
    for _ in range(600):
        assert node.process.poll() is None, node.said()[-4000:]
        connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == status:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise AssertionError(node.said()[-4000:])
