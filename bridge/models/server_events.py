"""Server-sent events, as the HTML standard defines them (section 9.2.6, "Interpreting an event stream")."""

from __future__ import annotations

import codecs
import re

_LINE_END = re.compile("\r\n|\n|\r")


class EventStream:
    """Takes the bytes of a stream as they come, and returns the data of each complete event.

    Lines end with \\n, \\r or \\r\\n, and with nothing else. Names, ids and retry times of events, and comments, are
    ignored: model servers put everything into the data.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._line: list[str] = []  # pieces of an incomplete line
        self._data: list[str] = []  # lines of an incomplete event
        self._after_return = False  # the last line ended with \r; a \n that follows belongs to it

    def take(self, data: bytes) -> list[str]:
        """Take bytes and return the data of the events that they complete."""
        text = self._decoder.decode(data)
        if self._after_return and text:
            text, self._after_return = text.removeprefix("\n"), False
        *lines, rest = _LINE_END.split(text)
        events: list[str] = []
        for line in lines:
            self._take_line("".join([*self._line, line]), events)
            self._line = []
        if rest:
            self._line.append(rest)
        self._after_return = self._after_return or text.endswith("\r")
        return events

    def end(self) -> list[str]:
        """The data of a last event that lacks only the empty line after it."""
        return self.take(b"\n\n")

    def _take_line(self, line: str, events: list[str]) -> None:
        if not line:
            if self._data:
                events.append("\n".join(self._data))
            self._data = []
            return
        name, _, value = line.partition(":")
        if name == "data":
            self._data.append(value.removeprefix(" "))
