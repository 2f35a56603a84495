"""Sends the client log to stderr, as NOVITA_INFRA_LOG asks."""

from __future__ import annotations

import logging
import sys
import time
from typing import Final

from novita_infra.model.diagnostics import problem
from novita_infra.model.printable import printable

VARIABLE: Final = "NOVITA_INFRA_LOG"
_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


class StderrHandler(logging.Handler):
    """Writes each line to the stderr of that moment, which a live display replaces while it runs."""

    def __init__(self) -> None:
        super().__init__()
        formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{printable(self.format(record))}\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # a closed stderr is no reason to fail
            return


def start_client_log(word: str) -> None:
    """Logs from the level on: `debug`, `info` or `warning`; `off` and an empty word log nothing.

    Raises Problems on another word.
    """
    level = word.strip().lower()
    if level in {"", "off"}:
        return
    if level not in _LEVELS:
        raise problem(f"{VARIABLE} is {word!r}", f"set it to {', '.join(_LEVELS)} or off")
    logger = logging.getLogger("novita_infra")
    logger.setLevel(_LEVELS[level])
    if not any(isinstance(handler, StderrHandler) for handler in logger.handlers):
        logger.addHandler(StderrHandler())
    for handler in logger.handlers:
        if isinstance(handler, StderrHandler):
            handler.setLevel(_LEVELS[level])  # a file may log more
