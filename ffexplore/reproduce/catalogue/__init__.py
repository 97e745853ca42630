"""The experiments, one module a family; importing this package enters them all."""

from __future__ import annotations

# The order of the page.
# isort: off
from ffexplore.reproduce.catalogue import hinton as hinton
from ffexplore.reproduce.catalogue import blogs as blogs
from ffexplore.reproduce.catalogue import objectives as objectives
