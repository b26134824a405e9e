"""The floor that pages are compared with: one query, 30 rows, one template, no login, on the same stack."""

from __future__ import annotations

import os

from flask import Flask, render_template
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Plancher</title></head><body><h1>Plancher</h1><ul>
{% for row in rows %}<li><a href="/propositions/{{ row.number }}">{{ row.title }}</a> {{ row.state }} {{ row.support_count }}</li>
{% endfor %}</ul></body></html>"""

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
db = SQLAlchemy(app)
template = app.jinja_env.from_string(PAGE)  # compiled once, as a template in a file is


@app.get("/")
def floor() -> str:
    query = text(
        "SELECT number, title, state, support_count FROM proposal WHERE number IS NOT NULL ORDER BY number LIMIT 30"
    )
    return render_template(template, rows=db.session.execute(query).all())
