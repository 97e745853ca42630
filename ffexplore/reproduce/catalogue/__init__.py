"""The experiments, one module a family; importing this package enters them all."""

from __future__ import annotations

# The order of the page.
# isort: off
from ffexplore.reproduce.catalogue import hinton as hinton
from ffexplore.reproduce.catalogue import blogs as blogs
from ffexplore.reproduce.catalogue import fast as fast
from ffexplore.reproduce.catalogue import objectives as objectives
from ffexplore.reproduce.catalogue import unsupervised as unsupervised
from ffexplore.reproduce.catalogue import goodness_zoo as goodness_zoo
from ffexplore.reproduce.catalogue import negatives as negatives
from ffexplore.reproduce.catalogue import thresholds as thresholds
from ffexplore.reproduce.catalogue import backprop as backprop
