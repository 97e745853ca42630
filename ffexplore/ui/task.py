"""A task for a class: plain text with a little Markdown, as HTML in which nothing of the text is markup."""

from __future__ import annotations

import html
import re

_SPANS = (
    (re.compile(r"`([^`\n]+)`"), "code"),
    (re.compile(r"\*\*(\S(?:[^*]*\S)?)\*\*"), "strong"),
    (re.compile(r"\*(\S(?:[^*]*\S)?)\*"), "em"),
)
_ITEM = re.compile(r"^(?:[-*]|(\d+)[.)])\s+(.*)$")


def to_html(text: str) -> str:
    """Paragraphs, lists with ``-`` or ``1.``, ``**bold**``, ``*italic*`` and ```code```; everything else is text.

    Parameters
    ----------
    text
        What a person wrote.

    Returns
    -------
    str
        HTML without any attribute; what looks like markup in the text is escaped.
    """
    return "".join(_block(block.splitlines()) for block in re.split(r"\n\s*\n", text.strip()) if block.strip())


def _block(lines: list[str]) -> str:
    lines = [line.strip() for line in lines]
    found = [_ITEM.match(line) for line in lines]
    if all(found):
        kind = "ol" if found[0] is not None and found[0][1] else "ul"
        return f"<{kind}>" + "".join(f"<li>{_spans(item[2])}</li>" for item in found if item) + f"</{kind}>"
    first = next((number for number, item in enumerate(found) if item), 0)
    if first and all(found[first:]):  # a list right under its sentence
        return _block(lines[:first]) + _block(lines[first:])
    return "<p>" + "<br>".join(map(_spans, lines)) + "</p>"


def _spans(text: str) -> str:
    """Code first: within it, stars are stars."""
    parts = re.split(r"(`[^`\n]+`)", text)
    return "".join(_marked(part, _SPANS[:1] if part.startswith("`") else _SPANS[1:]) for part in parts)


def _marked(text: str, spans: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    text = html.escape(text)
    for pattern, tag in spans:
        text = pattern.sub(rf"<{tag}>\1</{tag}>", text)
    return text
