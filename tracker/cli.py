"""Commands of operators: `flask --app wsgi …`."""

from __future__ import annotations

import sys

import click
from flask import Flask
from flask.cli import with_appcontext


@click.group("users")
def users() -> None:
    """People and their accounts."""


@users.command("create")
@click.argument("login")
@click.option("--first-name", required=True)
@click.option("--last-name", required=True)
@click.option("--admin", is_flag=True, help="May manage people and settings.")
@with_appcontext
def create_user(login: str, first_name: str, last_name: str, admin: bool) -> None:
    """Create a person; the password is asked for, never given on the command line."""
    from tracker.errors import Refused
    from tracker.extensions import write_transaction
    from tracker.security import current_time
    from tracker.services import people

    password = click.prompt("Mot de passe", hide_input=True, confirmation_prompt=True)
    try:
        prepared = people.prepare_account(login=login, password=password)
        with write_transaction():
            people.create(
                prepared, first_name=first_name, last_name=last_name, admin=admin, actor=None, now=current_time()
            )
    except Refused as refusal:
        click.echo(refusal.message, err=True)
        sys.exit(1)
    click.echo(f"{login} créé.")


def init_app(app: Flask) -> None:
    app.cli.add_command(users)
