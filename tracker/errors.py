"""Refusals that a person can understand. Views turn them into a sentence and a status."""

from __future__ import annotations


class TrackerError(Exception):
    """A refusal whose message may be shown; `field` names the form field at fault, if any."""

    status = 400

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Forbidden(TrackerError):
    """The person may not do this."""

    status = 403


class NotFound(TrackerError):
    """No such thing, or none this person may know of."""

    status = 404


class IllegalTransition(TrackerError):
    """The step asked for does not follow the present state."""

    status = 409


class Conflict(TrackerError):
    """Somebody else changed the same thing first."""

    status = 409


class ContentMoved(Conflict):
    """The data no longer tells what was approved; `keys` names the blocks that would read otherwise."""

    def __init__(self, message: str, keys: tuple[str, ...]) -> None:
        super().__init__(message)
        self.keys = keys


class Refused(TrackerError):
    """The values are not acceptable."""

    status = 422


class ProjectClosed(Refused):
    """The project is closed: it is read, it changes no more."""


class TooManyAttempts(TrackerError):
    """Throttled; `retry_after` in seconds."""

    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(TrackerError):
    """Something outside of the tool does not answer, or is not there; `advice` says what to do meanwhile."""

    status = 503

    def __init__(self, message: str, *, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


class ConfigurationError(Exception):
    """The configuration is missing or weak; raised at start, never shown to a reader."""
