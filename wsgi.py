"""Entry point of the production server and of the `flask` command."""

from tracker import create_app

app = create_app()
