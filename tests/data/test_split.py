import numpy as np
import pytest

from ffexplore.data.split import quotas, stratified


def test_parts_are_disjoint_and_complete():
    y = np.repeat(np.arange(4), [40, 7, 3, 100])
    parts = stratified(y, [15, 30], seed=0)
    assert sorted(np.concatenate(parts).tolist()) == list(range(150))
    assert [len(part) for part in parts] == [105, 15, 30]


def test_every_class_has_its_share_everywhere():
    y = np.repeat(np.arange(10), 500)
    train, validation, test = (np.bincount(y[part]).tolist() for part in stratified(y, [500, 1000], seed=0))
    assert (train, validation, test) == ([350] * 10, [50] * 10, [100] * 10)


def test_unequal_classes_keep_their_proportion():
    y = np.repeat(np.arange(3), [5923, 6742, 5421])
    part = np.bincount(y[stratified(y, [3014], seed=0)[1]])
    assert part.sum() == 3014
    np.testing.assert_allclose(part, np.bincount(y) / 6, atol=1)


def test_the_seed_decides_and_the_parts_are_shuffled():
    y = np.repeat(np.arange(2), 50)
    first, again, other = (stratified(y, [20], seed=seed)[0] for seed in (0, 0, 1))
    assert first.tolist() == again.tolist() != other.tolist()


def test_every_part_is_shuffled_from_its_first_sample_on():
    y = np.repeat(np.arange(10), 500)
    for part in stratified(y, [500, 1000], seed=0):
        assert len(set(y[part[:30]].tolist())) > 5


@pytest.mark.parametrize(
    ("sizes", "count", "leave", "expected"),
    [
        ([3, 3], 0, 2, [1, 1]),  # never none of a class
        ([3, 3], 6, 2, [1, 1]),  # never too few left over
        ([3, 97], 10, 2, [1, 9]),
        ([10, 10, 10], 10, 1, [4, 3, 3]),
    ],
)
def test_quotas(sizes, count, leave, expected):
    assert quotas(np.array(sizes), count, leave).tolist() == expected
