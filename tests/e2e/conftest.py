"""A served demonstration and Chromium; each file of tests gets a server on a copy of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from werkzeug.routing import MapAdapter

from tests import demonstration, openid_provider, servers
from tests.e2e.inspector import Inspector
from tests.e2e.looks import Windows
from tests.e2e.site import Site
from tests.openid_provider import Provider
from tracker import create_app

QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

FIRST = ("test_crawl.py", "test_town_starts.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("e2e")
    # one process loads the demonstration, the other meanwhile does what needs none
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": "/usr/bin/chromium-headless-shell", "args": QUIET}


@pytest.fixture(scope="session")
def loaded_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demonstration.loaded(tmp_path_factory)


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    """A folder in memory where there is one."""
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made inside
    base_folder = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    scratch = Path(tempfile.mkdtemp(prefix="tracker-e2e-", dir=base_folder))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def _served(scratch: Path, folder: Path, browser: Browser, *arguments: str, **settings: str) -> Iterator[Site]:
    """The production server on the instance of a folder, up to date with the migrations."""
    port = servers.free_port()
    base = f"http://127.0.0.1:{port}"
    settings = {"TRACKER_BASE_URL": base, **settings}
    told = {"PORT": str(port), "PROMETHEUS_MULTIPROC_DIR": str(scratch / "counts")}
    environment = {**demonstration.environment(folder, **settings), **told}
    node = servers.launch(scratch / "server.log", environment, *arguments)
    try:
        yield Site(base, folder, browser, settings)
        assert not servers.FAILED.search(node.said()), f"the server failed somewhere:\n{node.said()[-6000:]}"
    finally:
        node.end()


@pytest.fixture(scope="module")
def site(loaded_demo: Path, browser: Browser) -> Iterator[Site]:
    """The demonstration served by the production server, for one file of tests: what it writes, it alone sees.

    By one process: two would each make the pages that are kept. The first days of towns are served by both.
    """
    with _scratch() as scratch:
        folder = demonstration.copy_to(loaded_demo, scratch / "instance")
        with _served(scratch, folder, browser, "--workers", "1") as served:
            yield served


@contextlib.contextmanager
def _first_day(browser: Browser, **settings: str) -> Iterator[Site]:
    settings = {"TRACKER_MODE": "production", "TRACKER_SECRET_KEY": secrets.token_hex(32), **settings}
    with _scratch() as scratch:
        folder = scratch / "instance"
        folder.mkdir()
        demonstration.run_flask("db", "upgrade", folder=folder, **settings)
        with _served(scratch, folder, browser, **settings) as served:
            yield served


@pytest.fixture(scope="module")
def empty_server(browser: Browser) -> Iterator[Site]:
    """What a town has on its first day: the production server, in production mode, on an empty database."""
    with _first_day(browser) as served:
        yield served


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Where the agents of a town have an account already."""
    with openid_provider.running(tmp_path_factory.mktemp("provider")) as found:
        yield found


@pytest.fixture(scope="module")
def joined_server(browser: Browser, provider: Provider) -> Iterator[Site]:
    """The first day of a town whose agents have an account elsewhere."""
    with _first_day(
        browser,
        TRACKER_OIDC_ISSUER=provider.issuer,
        TRACKER_OIDC_CLIENT_ID="tracker",
        TRACKER_OIDC_CLIENT_SECRET="given by the provider",
        REQUESTS_CA_BUNDLE=str(provider.certificate),
    ) as served:
        yield served


@pytest.fixture(scope="session")
def routes(tmp_path_factory: pytest.TempPathFactory) -> MapAdapter:
    """Every address the application knows."""
    environ = {"TRACKER_MODE": "test", "TRACKER_INSTANCE": str(tmp_path_factory.mktemp("routes"))}
    return create_app(environ=environ).url_map.bind("127.0.0.1")


@pytest.fixture(scope="module")
def windows(site: Site) -> Iterator[Windows]:
    """Windows that several tests of a file share."""
    opened = Windows(site)
    yield opened
    opened.close()


@contextlib.contextmanager
def _visits(site: Site) -> Iterator[Callable[..., Inspector]]:
    opened: list[Inspector] = []

    def open_window(role: str | None = None, **options: Any) -> Inspector:
        opened.append(site.visit(role, **options))
        return opened[-1]

    yield open_window
    for inspector in opened:
        inspector.page.context.close()
    for inspector in opened:
        inspector.assert_clean()


@pytest.fixture
def visit(site: Site) -> Iterator[Callable[..., Inspector]]:
    """`visit("agent", width=375)`: a watched page in a window of its own; what was found wrong fails the test."""
    with _visits(site) as opens:
        yield opens


@pytest.fixture
def joined_visit(joined_server: Site) -> Iterator[Callable[..., Inspector]]:
    """`visit`, of the server whose agents come by a provider."""
    with _visits(joined_server) as opens:
        yield opens


@pytest.fixture
def first_visit(empty_server: Site) -> Iterator[Callable[..., Inspector]]:
    """`visit`, of the server where nothing is yet: nobody has a role there before somebody gives it."""
    with _visits(empty_server) as opens:
        yield opens
