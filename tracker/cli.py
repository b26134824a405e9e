"""Commands of operators: `flask --app wsgi …`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

Command = TypeVar("Command", bound=Callable[..., Any])


@contextmanager
def _said() -> Iterator[None]:
    """Turn a refusal into its sentence and exit status 1."""
    from tracker.errors import TrackerError

    try:
        yield
    except TrackerError as refusal:
        click.echo(refusal.message, err=True)
        sys.exit(1)


def on_this_schema(command: Command) -> Command:
    """In place of `with_appcontext`, for what writes: refused on a database of another version of the tool."""

    @with_appcontext
    @wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        from tracker.extensions import DatabaseTrouble, end_transaction
        from tracker.queries import instance

        fault = ""
        with suppress(*DatabaseTrouble):  # which the command meets itself
            fault = instance.present_schema_fault()
        end_transaction(commit=False)
        if fault:
            click.echo(fault, err=True)
            sys.exit(1)
        return command(*args, **options)

    return cast(Command, run)


@click.group("users")
def users() -> None:
    """People and their accounts."""


@users.command("create")
@click.argument("login")
@click.option("--first-name", required=True)
@click.option("--last-name", required=True)
@click.option("--admin", is_flag=True, help="May manage people and settings.")
@on_this_schema
def create_user(login: str, first_name: str, last_name: str, admin: bool) -> None:
    """Create a person; the password is asked for, never given on the command line."""
    from tracker.extensions import write_transaction
    from tracker.security import current_time
    from tracker.services import people

    password = click.prompt("Mot de passe", hide_input=True, confirmation_prompt=True)
    with _said():
        prepared = people.prepare_account(login=login, password=password)
        with write_transaction():
            people.create(
                prepared, first_name=first_name, last_name=last_name, admin=admin, actor=None, now=current_time()
            )
    click.echo(f"{login} créé.")


@users.command("first-link")
@on_this_schema
def first_link() -> None:
    """Print a link that makes the first manager's account: once, for 24 hours; none when an account exists."""
    from tracker.extensions import end_transaction, write_transaction
    from tracker.security import current_time
    from tracker.services import first_account

    if current_app.config["DEMO"]:  # which brings its accounts
        return
    needed = first_account.needed()
    end_transaction(commit=False)
    if not needed:
        click.echo("Il y a déjà un compte : pas de lien. Pour un autre compte : flask --app wsgi users create --help")
        return
    with write_transaction():
        token = first_account.make_token(now=current_time())
    click.echo("Aucun compte encore. Pour créer le premier, ouvrez cette adresse dans les 24 heures (une seule fois) :")
    click.echo(f"  {current_app.config['BASE_URL']}/premier-compte/{token}")


@users.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--map", "mapping", type=click.Path(path_type=Path), help="What the columns mean (TOML); guessed without."
)
@click.option("--absent-leave", is_flag=True, help="Also deactivate the people who are absent from FILE.")
@click.option("--commit", is_flag=True, help="Write; without it nothing is kept (dry run).")
@on_this_schema
def import_people(file: Path, mapping: Path | None, absent_leave: bool, commit: bool) -> None:
    """Bring the staff register from a CSV file or a workbook; a second run changes nothing."""
    from tracker.imports.issues import render_issues
    from tracker.security import current_time
    from tracker.services import register_command

    for path in (file, mapping):
        if path is not None and not path.is_file():
            click.echo(f"Ce fichier n'existe pas : {path}", err=True)
            sys.exit(1)
    with _said():
        plan, written = register_command.run(
            file, mapping, absent_leave=absent_leave, commit=commit, clock=current_time
        )
    if plan.issues:
        click.echo(render_issues(plan.issues))
    for doubt in plan.ambiguous:
        click.echo(f"ligne {doubt.line} : {doubt.name} : {doubt.why}")
    click.echo(", ".join(f"{name} : {count}" for name, count in register_command.words(plan.counts())))
    click.echo(f"Enregistré : {written}." if commit else "Essai : rien n'est enregistré. Ajoutez --commit.")


@click.group("jobs")
def jobs_group() -> None:
    """What starts by itself."""


@jobs_group.command("run")
@on_this_schema
def run_jobs() -> None:
    """One round of every job, for a timer where nobody stands by. Exit status 1 when something failed."""
    from tracker import jobs
    from tracker.security import current_time

    if not jobs.run(current_time(), say=click.echo):
        sys.exit(1)


@jobs_group.command("work")
@on_this_schema
def work() -> None:
    """Stand by: mails, imports and votes within a second, everything every five minutes; until a gentle stop."""
    import signal
    from threading import Event, Thread

    from tracker import jobs
    from tracker.security import current_time

    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # not here: the signal may come while the very lock of `stop` is held
        signal.signal(number, lambda *_told: Thread(target=stop.set).start())
    click.echo("Prêt : ce qui attend est fait dans la seconde, le reste toutes les cinq minutes.")
    if fault := jobs.work(clock=current_time, say=click.echo, stop=stop):
        click.echo(fault, err=True)
        sys.exit(1)


@jobs_group.command("retry-mail")
@on_this_schema
def retry_mail() -> None:
    """Have the mails given up after too many refusals wait again; the next round sends them."""
    from tracker.extensions import write_transaction
    from tracker.security import current_time
    from tracker.services import outbox

    with write_transaction():
        count = outbox.retry_failed(now=current_time())
    click.echo(f"Courriels remis en attente : {count}")


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@with_appcontext
def backup(target: Path) -> None:
    """Copy the database to TARGET, consistent while people write; vote keys are never in it."""
    from tracker.services import copies

    with _said():
        size = copies.backup(current_app.config["SQLALCHEMY_DATABASE_URI"], target)
        click.echo(f"{target} : {size // 1024} Kio")


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path))
@with_appcontext
def restore(source: Path) -> None:
    """Put the copy SOURCE in place of no database, or in an empty PostgreSQL; nothing is ever overwritten."""
    from tracker.services import copies

    with _said():
        copies.restore(current_app.config["SQLALCHEMY_DATABASE_URI"], source)
        click.echo("Restauré. Vérifiez : flask check --deep")


@click.command("copy-to")
@click.argument("url")
@click.option("--live", is_flag=True, help="Keep the copy of that moment, though people write meanwhile: to try it.")
@with_appcontext
def copy_to(url: str, live: bool) -> None:
    """Copy the SQLite file into the empty PostgreSQL at URL, and compare each table; refused when somebody writes."""
    from tracker.services.copies import moving

    with _said():
        rows = moving.copy_to(
            url, live=live, say=lambda one: click.echo(f"{one.table:24} {one.rows:9}  {one.checksum[:16]}")
        )
        click.echo(f"Copié : {rows} lignes, les mêmes des deux côtés.")
        if live:
            click.echo("Pour essayer seulement : ce qui s'écrit depuis le début de la copie n'y est pas.")


@click.command("check")
@click.option("--deep", is_flag=True, help="Also compare every count and cache with its source.")
@click.option("--mail", "try_mail", is_flag=True, help="Also knock at the mail server; nothing is sent.")
@with_appcontext
def check(deep: bool, try_mail: bool) -> None:
    """Say what is missing, failing or contradictory; exit status 1 on an error."""
    from tracker.extensions import DatabaseTrouble
    from tracker.queries import checks, machine
    from tracker.security import current_time

    def findings() -> Iterator[checks.Finding]:
        try:
            schema = machine.schema()
            yield schema
            if not schema.is_right:  # all else reads tables that may not be there
                return
            yield from machine.findings(current_time(), try_mail=try_mail)
            yield from checks.setup()
            yield from checks.deep() if deep else ()
        except DatabaseTrouble as trouble:
            kind = type(getattr(trouble, "orig", None) or trouble).__name__
            yield checks.Finding(checks.Level.ERROR, f"La base de données ne répond pas ({kind})", "DATABASE_URL ?")

    failed = False
    for finding in findings():
        failed = failed or finding.level is checks.Level.ERROR
        click.echo(f"[{finding.level.value:7}] {finding.message}")
        if finding.advice:
            click.echo(f"          {finding.advice}")
    if failed:
        sys.exit(1)


@click.command("import")
@click.argument("kind", type=click.Choice(["actions", "proposals"]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "mapping", required=True, type=click.Path(path_type=Path), help="Mapping file (TOML).")
@click.option("--commit", is_flag=True, help="Write; without it nothing is kept (dry run).")
@on_this_schema
def import_file(kind: str, file: Path, mapping: Path, commit: bool) -> None:
    """Bring actions or proposals from a CSV file; a second run changes nothing."""
    from tracker.extensions import end_transaction
    from tracker.imports.issues import render_issues, render_summary
    from tracker.security import current_time
    from tracker.services import importing

    for path in (file, mapping):
        if not path.is_file():
            click.echo(f"Ce fichier n'existe pas : {path}", err=True)
            sys.exit(1)
    with _said():
        report = importing.run_import(kind, file, mapping, now=current_time())
        if report.issues:
            click.echo(render_issues(report.issues))
            click.echo(render_summary(report.issues))
        click.echo(report.sentence())
        keep = commit and report.may_commit
        end_transaction(commit=keep)
        if keep:
            click.echo("Enregistré.")
        elif not report.may_commit:
            click.echo("Rien n'est enregistré : corrigez les erreurs d'abord.")
            sys.exit(1)
        else:
            click.echo("Essai : rien n'est enregistré. Ajoutez --commit pour enregistrer.")


@click.group("letters")
def letters_group() -> None:
    """The letter of each quarter."""


@letters_group.command("build")
@click.argument("quarter")
@click.option("--projet", "slug", default="", help="Project (slug); the principal one when absent.")
@on_this_schema
def build_letter(quarter: str, slug: str) -> None:
    """Compose the letter of QUARTER (2017-T3) from the data, or compose it again: what the editor wrote stays."""
    from tracker.errors import NotFound
    from tracker.extensions import end_transaction, write_transaction
    from tracker.queries import projects
    from tracker.security import current_time
    from tracker.services import letters

    with _said():
        frame = projects.frame()
        project = frame.by_slug(slug) if slug else frame.principal
        if project is None:
            raise NotFound("Ce projet n'existe pas.")
        end_transaction(commit=False)
        with write_transaction():
            letter = letters.build(project.id, quarter, actor=None, now=current_time())
            click.echo(f"{letter.title} : brouillon composé, chiffres arrêtés au {letter.as_of:%d/%m/%Y}.")


@click.command("archive")
@click.argument("slug")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--pseudonymes", "pseudonyms", is_flag=True, help="Numbers instead of the names of people.")
@with_appcontext
def archive(slug: str, file: Path, pseudonyms: bool) -> None:
    """Write the archive of project SLUG to FILE: pages that open without the tool, tables, sums."""
    from tracker.errors import Conflict, NotFound
    from tracker.queries import projects
    from tracker.security import current_time
    from tracker.services import archive as service

    with _said():
        project = projects.frame().by_slug(slug)
        if project is None:
            raise NotFound("Ce projet n'existe pas.")
        if file.exists():
            raise Conflict(f"Ce fichier existe déjà : {file}")
        with file.open("xb") as target:
            count = service.write(project, target, pseudonyms=pseudonyms, now=current_time())
        click.echo(f"{file} : {count} fichiers, {file.stat().st_size // 1024} Kio")


@click.group("demo")
def demo_group() -> None:
    """The demonstration."""


@demo_group.command("load")
@click.option("--reset", is_flag=True, help="Empty the database first, whatever it holds.")
@click.option("--scale", type=click.IntRange(1, 1000), default=1, help="How many times as much, to measure with.")
@on_this_schema
def load_demo(reset: bool, scale: int) -> None:
    """Load the demonstration: two projects, their people, and the seven accounts; demo mode only."""
    from tracker.security import current_time
    from tracker.services import demo

    with _said():
        loaded = demo.load(now=current_time(), say=click.echo, reset_first=reset, scale=scale)
        if loaded is None:
            click.echo("La base contient déjà un projet : rien n'est chargé (--reset pour recommencer).")
        else:
            click.echo(f"Démonstration chargée en {loaded.seconds:.1f} s.")


def init_app(app: Flask) -> None:
    for command in (
        users,
        jobs_group,
        backup,
        restore,
        copy_to,
        check,
        import_file,
        letters_group,
        archive,
        demo_group,
    ):
        app.cli.add_command(command)
