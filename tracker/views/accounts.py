"""A person's own account: change of password."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from tracker.errors import Refused
from tracker.extensions import begin_write, end_transaction
from tracker.forms.auth import PasswordForm
from tracker.permissions import Permission
from tracker.queries import people
from tracker.security import acting, current_time, requires
from tracker.services import accounts

bp = Blueprint("accounts", __name__, url_prefix="/compte")


@bp.route("/mot-de-passe", methods=["GET", "POST"])
@requires(Permission.ACCOUNT_OWN)
def password() -> ResponseReturnValue:
    form = PasswordForm()
    status = 200
    if form.validate_on_submit():
        user = people.by_login_or_email(current_user.login)
        stored = user.password_hash if user else None
        end_transaction(commit=False)
        try:
            wanted = accounts.check_new_password(
                login=current_user.login, password=form.new_password.data or "", demo=current_app.config["DEMO"]
            )
            if not accounts.verify_password(stored, form.current_password.data or ""):
                raise Refused(gettext("Ce n'est pas votre mot de passe actuel."), field="current_password")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            new_hash = accounts.hash_password(wanted)
            begin_write()
            accounts.change_password(actor=acting(), new_hash=new_hash, now=current_time())
            session.clear()
            flash(gettext("Mot de passe changé. Toutes vos visites sont closes : connectez-vous de nouveau."), "success")
            return redirect(url_for("auth.login"), 303)
    if form.is_submitted():
        status = 422
    return render_template("auth/password.html", form=form), status
