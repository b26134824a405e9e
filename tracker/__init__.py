"""The participatory administration-project tracker."""

from __future__ import annotations

import hashlib
import os
import string
from collections.abc import Mapping
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes
from wsgiref.headers import Headers

from flask import Flask, Request, Response, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadHost
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, MapAdapter
from whitenoise import WhiteNoise

from tracker.config import ROOT, from_environment
from tracker.extensions import (
    CommitFailed,
    babel,
    csrf,
    db,
    end_transaction,
    is_writing,
    login_manager,
    prepare_migrations,
    reading_only,
    speak,
)


class TrackerRequest(Request):
    """A request whose query is quoted as browsers quote it, whatever bytes were sent."""

    names_a_host = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.query_string.isascii():
            self.query_string = quote_from_bytes(self.query_string, safe=string.printable).encode()


class TrackerApp(Flask):
    """Flask, with the commit before the response leaves: a failing commit is an error like another (design 4.12)."""

    request_class = TrackerRequest

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Even of a request for a host that is none: the page that refuses it has links."""
        try:
            return super().create_url_adapter(request)
        except BadHost:
            assert isinstance(request, TrackerRequest)  # noqa: S101 - no other has a host
            request.names_a_host = False
            request.environ["HTTP_HOST"] = "localhost"
            return super().create_url_adapter(request)

    def dispatch_request(self) -> Response:
        from tracker.security import SAFE_METHODS

        try:
            with reading_only() if request.method in SAFE_METHODS else nullcontext():
                response: Response = self.make_response(super().dispatch_request())
        except BaseException:
            end_transaction(commit=False)
            raise
        if is_writing():  # what only read ends with the request, whose context closes the session
            try:
                end_transaction(commit=response.status_code < 400)
            except SQLAlchemyError as error:
                end_transaction(commit=False)
                raise CommitFailed from error
        return response

    def log_exception(self, exc_info: Any) -> None:
        """Without the path, which names what somebody wrote or supports."""
        self.logger.error("exception", exc_info=exc_info)


def _protect(headers: Headers, _path: str, _url: str) -> None:
    """A file of the product, opened by itself, carries what pages carry."""
    from tracker.security.headers import ALWAYS

    for name, value in ALWAYS:
        headers.add_header(name, value)


class ShortNumber(IntegerConverter):
    """`<int:…>` of an address: at most nine digits of a keyboard, which a database takes."""

    regex = "[0-9]{1,9}"


@cache
def _asset_version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def create_app(config: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Flask:
    """The application, configured from `environ` (the process's by default), then from `config`.

    Raises ConfigurationError when something is missing or weak.
    """
    app = TrackerApp(__name__, instance_path=str(ROOT / "instance"), static_url_path="/static")
    app.config.update(from_environment(os.environ if environ is None else environ))
    app.config.update(config or {})
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.url_map.converters["int"] = ShortNumber
    app.url_map.merge_slashes = False  # the redirection would go to whatever host the request names

    from tracker import filters, security, views
    from tracker.views import watching
    from tracker.views.frame import labels

    watching.init_app(app)
    db.init_app(app)
    csrf.init_app(app)
    login_manager.init_app(app)
    babel.init_app(app, locale_selector=security.choose_locale)
    speak(app, labels)
    security.init_app(app)
    filters.init_app(app)
    views.init_app(app)

    @cache
    def asset_under(name: str, _prefix: str) -> str:
        version = _asset_version(Path(app.static_folder or "") / name)
        return url_for("static", filename=name, v=version)

    def asset(name: str) -> str:
        """URL of a static file that changes when the file does."""
        return asset_under(name, request.script_root)

    app.jinja_env.globals["asset"] = asset

    from tracker import cli

    cli.init_app(app)
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true" or app.testing:
        prepare_migrations(app, str(ROOT / "migrations"))
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops)  # type: ignore[method-assign]
    if app.config["MODE"] != "test":
        static = WhiteNoise(
            app.wsgi_app,
            root=app.static_folder,
            prefix="static/",
            max_age=31_536_000,
            autorefresh=False,
            add_headers_function=_protect,
        )
        app.wsgi_app = static  # type: ignore[method-assign]
    return app


def schema_fault(app: Flask) -> str:
    """Why the server may not work on the database it finds; "" when it may, or when nothing answers yet."""
    from tracker.extensions import DatabaseTrouble
    from tracker.queries import instance

    with app.app_context():
        try:
            return instance.present_schema_fault()
        except DatabaseTrouble:
            return ""
        finally:
            db.session.remove()
            db.engine.dispose()  # the processes of the server open their own
