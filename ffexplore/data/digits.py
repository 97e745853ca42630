"""Scikit-learn's small digits."""

from __future__ import annotations

import numpy as np

from ffexplore.data.catalogue import datasets
from ffexplore.data.dataset import Dataset
from ffexplore.errors import DatasetError

SOURCE = (
    "scikit-learn's load_digits: test set of Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI"
)
LICENCE = "CC BY 4.0"


@datasets.register("digits", source=SOURCE, offline=True, size="1797 images of 8×8", licence=LICENCE)
def digits() -> Dataset:
    """Handwritten digits of 8×8 pixels, loaded at once; too coarse to write a label over."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DatasetError("The dataset 'digits' needs scikit-learn: pip install scikit-learn") from None
    bunch = load_digits()
    x = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[..., None]  # given as 0..16
    return Dataset.from_counts(
        "digits",
        x,
        bunch.target.astype(np.int64),
        tuple("0123456789"),
        validation=300,
        test=300,
        source=SOURCE,
        licence=LICENCE,
    )
