"""Data: a Dataset in numpy arrays, and the catalogue of those that are loaded by name."""

from ffexplore.data import digits, mnist_5k, torchvision_sets, toys  # noqa: F401  the order of the catalogue
from ffexplore.data.catalogue import DatasetEntry, datasets, load
from ffexplore.data.dataset import Dataset, Split

__all__ = ["Dataset", "DatasetEntry", "Split", "datasets", "load"]
