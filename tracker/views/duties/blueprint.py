"""The addresses of rights and duties: under the settings for who answers, under one's account for everybody."""

from flask import Blueprint

bp = Blueprint("duties", __name__)
SETTINGS, ACCOUNT = "/reglages", "/mon-compte"
