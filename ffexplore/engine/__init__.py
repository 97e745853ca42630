"""The algorithm: torch, numpy and the data; no thread, no widget."""
