"""The examples of deploy/: read by systemd and nginx themselves, and in accord with one another and with the tool."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import certificates
from tests.servers import free_port
from tracker.config import ROOT, VARIABLES

DEPLOY = ROOT / "deploy"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{ROOT / '.venv' / 'nginx' / 'usr' / 'sbin'}")
ANALYZE = shutil.which("systemd-analyze")
UNITS = ("projet.socket", "projet.service", "projet-jobs.service")


@pytest.mark.skipif(ANALYZE is None, reason="this machine has no systemd, which reads these units")
def test_systemd_finds_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    for name in UNITS:
        text = (DEPLOY / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("/srv/projet", str(ROOT)), "utf-8")
    asked = [str(ANALYZE), "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)]
    done = subprocess.run(asked, capture_output=True, text=True, env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"})
    said = [line for line in done.stderr.splitlines() if "projet" in line]
    assert said == []
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(NGINX is None, reason="nginx is not here, nor could its package be fetched (scripts/fetch-nginx)")
@pytest.mark.parametrize("name", ["nginx-site.conf", "nginx-prefix.conf"])
def test_nginx_accepts_the_example(tmp_path: Path, name: str) -> None:
    certificates.make(tmp_path)
    text = (DEPLOY / name).read_text("utf-8")
    text = re.sub(r"listen \[::\][^;]*;", "", text)  # where there is no IPv6
    for there, here in (
        ("/etc/ssl/projet/fullchain.pem", f"{tmp_path}/certificate.pem"),
        ("/etc/ssl/projet/privkey.pem", f"{tmp_path}/key.pem"),
        ("/var/log/nginx", str(tmp_path)),
        ("listen 80", f"listen {free_port()}"),
        ("listen 443", f"listen {free_port()}"),
    ):
        text = text.replace(there, here)
    inside = text if "server {" in text else f"server {{ listen {free_port()};\n{text}\n}}"
    kept = "".join(f"{kind}_temp_path {tmp_path};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {kept}\n{inside}\n}}", "utf-8")
    asked = [str(NGINX), "-t", "-q", "-e", "stderr", "-p", str(tmp_path), "-c", str(whole)]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["nginx-site.conf", "nginx-prefix.conf"])
def test_nginx_writes_no_address_beside_the_hour_of_a_vote(name: str) -> None:
    text = (DEPLOY / name).read_text("utf-8")
    blocks = len(re.findall(r"^server \{|^location /participer/ \{", text, re.MULTILINE))
    assert text.count("access_log off;") == blocks
    assert re.findall(r"error_log \S+ (\w+);", text) == ["crit"]


@pytest.mark.parametrize("name", ["nginx-site.conf", "nginx-prefix.conf"])
def test_nginx_says_itself_all_that_the_tool_believes_of_it(name: str) -> None:
    """What it does not set, a visitor could."""
    text = (DEPLOY / name).read_text("utf-8")
    told = set(re.findall(r"proxy_set_header (\S+)", text))
    believed = {f"X-Forwarded-{what}" for what in ("For", "Proto", "Host", "Prefix")} | {"X-Request-ID"}
    assert believed <= told
    assert "proxy_add_x_forwarded_for" not in text, "the visitor's own would be added to"


def test_the_units_speak_of_what_there_is() -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    for name in (*UNITS, "nginx-site.conf", "nginx-prefix.conf"):
        assert f"deploy/{name}" in guide, f"{name} is told nowhere"
    known = {variable.name for variable in VARIABLES} | {"PROMETHEUS_MULTIPROC_DIR"}
    for path in DEPLOY.iterdir():
        assert set(re.findall(r"\b(?:TRACKER|PROMETHEUS|SMTP|DATABASE)_\w+", path.read_text("utf-8"))) <= known
    service = (DEPLOY / "projet.service").read_text("utf-8")
    assert f"RestartPreventExitStatus={os.EX_CONFIG}" in service
    places = {line for name in ("projet.service", "projet-jobs.service") for line in _places(name)}
    assert len(places) == 2, "both write in the same folders, and wait for the disks of these"
    assert len({line.partition("=")[2] for line in places}) == 1


def _places(name: str) -> list[str]:
    lines = (DEPLOY / name).read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith(("ReadWritePaths=", "RequiresMountsFor="))]
