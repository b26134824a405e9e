"""A write that a service may refuse, and the page that then says why."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tracker.errors import Forbidden, TrackerError
from tracker.extensions import begin_write, end_transaction
from tracker.forms import BaseForm


class Attempt:
    """A write transaction; when the service refuses, nothing is kept and what follows the block is run.

        if form.validate_on_submit():
            with Attempt(form):
                service.edit(…)
                flash(…)
                return redirect(…, 303)
        return render_template(…, form=form)  # with the refusal beside its field

    `refusal` tells afterwards what was refused. What is reserved to others is no mistake to correct: it answers 403.
    """

    def __init__(self, form: BaseForm | None = None) -> None:
        self._form = form
        self.refusal: TrackerError | None = None

    def __enter__(self) -> Self:
        begin_write()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, TrackerError) or isinstance(error, Forbidden):
            return False
        end_transaction(commit=False)
        self.refusal = error
        if self._form is not None:
            self.say(self._form)
        return True

    def say(self, form: BaseForm) -> None:
        """Show what was refused, if anything, in a form."""
        if self.refusal is not None:
            form.refuse(self.refusal)

    @property
    def status(self) -> int:
        """Of the page that says the refusal."""
        return self.refusal.status if self.refusal is not None else 200
