"""The floor that pages are compared with, on the same stack.

Read: one query, 30 rows, one template, no login. Write: one row, one commit, one redirect.
"""

from __future__ import annotations

import os
import sqlite3

from flask import Flask, Response, render_template
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event, text

PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Plancher</title></head><body><h1>Plancher</h1><ul>
{% for row in rows %}<li><a href="/propositions/{{ row.number }}">{{ row.title }}</a> {{ row.state }} {{ row.support_count }}</li>
{% endfor %}</ul></body></html>"""

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)


@event.listens_for(Engine, "connect")
def _durable(connection: sqlite3.Connection, _record: object) -> None:
    """What the application asks of SQLite too: a commit that returns is on the disk, a second writer waits."""
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=10000")


with app.app_context():
    db.session.execute(text("CREATE TABLE IF NOT EXISTS bench_write (id INTEGER PRIMARY KEY, at TEXT)"))
    db.session.commit()
    db.engine.dispose()  # no connection passes into the workers
template = app.jinja_env.from_string(PAGE)  # compiled once, as a template in a file is


@app.get("/")
def floor() -> str:
    query = text(
        "SELECT number, title, state, support_count FROM proposal WHERE number IS NOT NULL ORDER BY number LIMIT 30"
    )
    return render_template(template, rows=db.session.execute(query).all())


@app.post("/")
def write() -> Response:
    db.session.execute(text("INSERT INTO bench_write (at) VALUES (CURRENT_TIMESTAMP)"))
    db.session.commit()
    return Response(status=303, headers={"Location": "/"})
