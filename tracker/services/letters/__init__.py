"""Letters: composed from the data, edited, proofread, approved, published and frozen for ever (design 4.8).

For a quarter, in a write transaction:

    letter = build(programme_id, "2017-T3", actor=…, now=…)       composes or refreshes; keeps what the editor wrote
    write_editorial(letter, "…", actor=…, now=…)
    ask_proofreading(letter, [user_id, …], actor=…, now=…)
    approve(letter, "Nom de qui l'a donné", day, actor=…, now=…)
    publish(letter, actor=…, now=…)                                figures as known now; then nothing changes any more

Every function raises Forbidden, Conflict once the letter is published, Refused naming the field.
"""

from tracker.services.letters.blocks import (
    add_block,
    edit_block,
    move_block,
    remove_block,
    restore_block,
    set_hidden,
    write_editorial,
)
from tracker.services.letters.composing import build, compose_now, get, locked, preview_content
from tracker.services.letters.publishing import approve, back_to_reading, publish, reopen, set_public
from tracker.services.letters.reading import ask_proofreading, leave_remark

__all__ = [
    "add_block", "approve", "ask_proofreading", "back_to_reading", "build", "compose_now", "edit_block", "get",
    "leave_remark", "locked", "move_block", "preview_content", "publish", "remove_block", "reopen", "restore_block",
    "set_hidden", "set_public", "write_editorial",
]  # fmt: skip
