"""Ratios of speed, each measured against a named baseline in one run."""
