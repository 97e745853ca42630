"""What the panel says of its own accord, until the next thing happens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Note:
    """One sentence or two.

    Attributes
    ----------
    text
        Empty when there is nothing to say.
    warns
        Whether it needs attention.
    passes
        Whether it is true only until a change is taken up.
    """

    text: str = ""
    warns: bool = False
    passes: bool = False

    def say(self, text: str, *, warns: bool = False, passes: bool = False) -> None:
        """Say something in the place of what was said before."""
        self.text, self.warns, self.passes = text, warns, passes
