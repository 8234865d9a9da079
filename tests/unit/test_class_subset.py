"""Labels of some classes: groups by order, by features and at random; what is refused."""

import numpy as np
import pytest
from pydantic import ValidationError

from gan_repro.errors import ConfigurationError, DataError
from gan_repro.images import MISSING
from gan_repro.labels import class_subset
from gan_repro.runs import LabelChoice
from tiny_views import image_set, view

IMAGES = image_set(np.arange(40) % 10)


def groups(count: int, **settings: object) -> list[list[int]]:
    asked = [class_subset.Settings(groups=count, group=g, **settings) for g in range(count)]
    return [class_subset.members(s, 10).tolist() for s in asked]


@pytest.mark.parametrize("count", [1, 2, 3, 10])
@pytest.mark.parametrize("by", ["order", "random"])
def test_every_class_is_in_one_group_and_groups_are_as_even_as_can_be(count: int, by: str) -> None:
    found = groups(count, by=by)
    assert sorted(c for group in found for c in group) == list(range(10))
    assert [len(group) for group in found] == class_subset.sizes(count, 10)
    assert max(map(len, found)) - min(map(len, found)) <= 1


def test_by_order_neighbours_stay_together_and_at_random_the_seed_decides() -> None:
    assert groups(2) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert groups(2, by="random") == groups(2, by="random") != groups(2)
    assert groups(2, by="random", seed=1) != groups(2, by="random")


def test_classes_are_numbered_anew_and_others_are_missing() -> None:
    settings = class_subset.Settings(groups=2, group=1)
    made = class_subset.make(settings, IMAGES)
    clean = IMAGES.labels
    np.testing.assert_array_equal(made.labels, np.where(clean >= 5, clean - 5, MISSING))
    assert made.manifest["classes"] == [5, 6, 7, 8, 9]
    assert made.manifest["labelled"] == 20
    choice = LabelChoice(kind="class_subset", settings=settings.model_dump())
    assert choice.size(10) == 5
    assert not choice.names_classes  # 0 is not the data set's class 0


def test_by_features_like_classes_stand_together_in_groups_of_their_sizes() -> None:
    places = np.array([0, 9, 0, 9, 0, 9, 0, 9, 0, 9], dtype=float)  # even and odd classes
    rows = np.stack([places[IMAGES.labels], IMAGES.labels / 100], axis=1)
    seen = view(IMAGES, "classifier", rows)
    both = [
        class_subset.make(
            class_subset.Settings(groups=2, group=g, by="features", extractor="classifier"),
            IMAGES,
            seen,
        ).manifest["classes"]
        for g in (0, 1)
    ]
    assert sorted(both) == [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]


def test_clusters_keep_their_sizes_even_where_nothing_tells_classes_apart() -> None:
    found = class_subset.clusters(np.zeros((7, 2)), [3, 2, 2], seed=0)
    assert np.bincount(found).tolist() == [3, 2, 2]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValidationError, match="group: of 2 groups, got 2, counted from 0"):
        class_subset.Settings(groups=2, group=2)
    for wrong in ({"by": "features"}, {"extractor": "classifier"}):
        with pytest.raises(ValidationError, match="needed to group by features, and only then"):
            class_subset.Settings(groups=2, group=0, **wrong)
    with pytest.raises(ConfigurationError, match="11 groups were asked for, but there are 10"):
        class_subset.make(class_subset.Settings(groups=11, group=0), IMAGES)
    unlabelled = image_set(np.full(4, MISSING))
    with pytest.raises(DataError, match="some images have no class"):
        class_subset.make(class_subset.Settings(groups=2, group=0), unlabelled)
