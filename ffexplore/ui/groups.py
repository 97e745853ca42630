"""The headings of the control column."""

GROUPS = ("Goodness", "Data", "Learning", "Layers", "Run")  #: from top to bottom
