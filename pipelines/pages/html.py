"""Elements of HTML and SVG. Text is escaped wherever it enters; only `Html` is taken as it is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

VOID = {"br", "col", "meta"}
_BREAKS = re.compile("[\n\r\t\u2028\u2029]+")
# Control characters and halves of characters, which HTML cannot hold, and what turns the direction of the
# text around it, beyond the name it stands in.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Html(str):
    """Markup. Made by `el` and `join`, and by nothing else from text that comes from outside."""

    __slots__ = ()


Child = str | int | float | None | Iterable["Child"]
Attribute = str | int | float | bool | None


def el(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """An element. Attributes are written `aria_label`, `class_`; True is a bare one, False and None none."""
    head = name + "".join(_attribute(key, value) for key, value in attributes.items())
    return Html(f"<{head}>") if name in VOID else Html(f"<{head}>{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """One after the other: markup as it is, numbers and text escaped, nothing for None."""
    return Html("".join(_parts(children)))


def _parts(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, Html):
            yield child
        elif isinstance(child, str | int | float):
            yield html.escape(clean(str(child)))
        elif child is not None:
            yield from _parts(child)


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(clean(str(value)))}"'


def clean(text: str) -> str:
    """Text as a page can hold it: line breaks are spaces, what is unfit shows as a replacement character."""
    return _UNFIT.sub("\ufffd", _BREAKS.sub(" ", text))
