"""Entry point of the production server and of the `flask` command."""

import os

import click

from tracker import create_app
from tracker.errors import ConfigurationError

try:
    app = create_app()
except ConfigurationError as refusal:
    # the command says the sentence alone; the server stops on it
    refused = click.ClickException(str(refusal))
    refused.exit_code = os.EX_CONFIG
    raise refused from None
