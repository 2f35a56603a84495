"""The signs of life of a run: no step is silent for more than a minute."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from novita_infra.api.heartbeat import Heartbeat
from novita_infra.applying.events import Ended, Event, Listener, Progressed
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Phase


@dataclass(frozen=True, slots=True)
class _Shown:
    """The last event of a step, and when it was emitted."""

    event: Event
    at: float


class RunHeartbeat:
    """The signs of life of a run: a step without an event for `silence` emits its last status with the reason."""

    def __init__(self, heartbeat: Heartbeat, emit: Listener) -> None:
        self._heartbeat, self._emit = heartbeat, emit
        self._shown: dict[str, _Shown] = {}

    def listen(self, event: Event) -> None:
        """Passes the event on."""
        if isinstance(event, Ended):
            self._shown.pop(event.step.key, None)
        else:
            self._shown[event.step.key] = _Shown(event, self._heartbeat.clock.now())
        self._heartbeat.heard()
        self._emit(event)

    def beating(self) -> AbstractAsyncContextManager[None]:
        """To be entered while the steps are performed."""
        return self._heartbeat.beating(self._due, self._speak)

    def _due(self) -> float:
        """When the next step has been silent for long enough. Steps that begin later are due later."""
        silent_since = (shown.at for shown in self._shown.values())
        return min(silent_since, default=self._heartbeat.clock.now()) + self._heartbeat.silence

    def _speak(self) -> None:
        """Emits a sign of life for each step that is due."""
        now, reason = self._heartbeat.clock.now(), self._heartbeat.awaited.reason()
        for key, shown in list(self._shown.items()):
            if shown.at + self._heartbeat.silence <= now:
                event = _later(shown.event, now - shown.at)
                self._shown[key] = _Shown(event, now)
                self._heartbeat.heard()
                self._emit(replace(event, note="; ".join(dict.fromkeys(filter(None, (event.note, reason))))))


def _later(event: Event, seconds: float) -> Progressed:
    """The state of a step so many seconds after its last event."""
    if isinstance(event, Progressed):
        return replace(event, elapsed=event.elapsed + seconds)
    return Progressed(event.step, getattr(event, "id", event.step.id), Phase.CHANGING, "", seconds)
