"""How Alembic reaches the application's database."""

import os
from logging.config import fileConfig

import click
from alembic import context
from flask import current_app
from sqlalchemy import Connection

from tracker import models  # noqa: F401 - fills the metadata
from tracker.connections import make_file
from tracker.errors import Refused
from tracker.extensions import db, end_transaction, write_options
from tracker.queries import instance

config = context.config
if config.config_file_name is not None:
    fileConfig(config.config_file_name, disable_existing_loggers=False)


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the search engine's own tables alone: `tracker.search` makes them."""
    return not (kind == "table" and name is not None and name.startswith("proposal_search"))


def _ends_with_status_78(why: str) -> click.ClickException:
    refused = click.ClickException(why)
    refused.exit_code = os.EX_CONFIG
    return refused


def refuse_newer() -> None:
    """What a later version of the tool made is not for this one to change, back or forth."""
    fault = instance.newer_schema_fault()
    end_transaction(commit=False)
    if fault:
        raise _ends_with_status_78(fault)


def make_or_refuse() -> None:
    try:
        make_file(db.engine)
    except Refused as refusal:
        raise _ends_with_status_78(refusal.message) from None


def run(connection: Connection | None) -> None:
    options = {"target_metadata": db.metadata, "include_name": include_name, "render_as_batch": True}
    if connection is None:
        context.configure(url=current_app.config["SQLALCHEMY_DATABASE_URI"], literal_binds=True, **options)
    else:
        context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run(None)
elif config.attributes.get("connection") is not None:  # of a transaction that goes on after this
    run(config.attributes["connection"])
else:
    make_or_refuse()
    refuse_newer()
    with db.engine.connect().execution_options(**write_options(db.engine)) as connection:
        run(connection)
