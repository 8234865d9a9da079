"""The classifier's loss, with labels missing or soft, and that it learns real digits."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from gan_repro.features import classifier as features
from gan_repro.game import Batch, Clock
from gan_repro.images import MISSING, SCALINGS, ImageShape
from gan_repro.methods._supervised import classification, cross_entropy
from gan_repro.methods.classifier import Settings, build


def test_cross_entropy_of_even_answers_is_the_log_of_the_classes() -> None:
    assert cross_entropy(torch.zeros(5, 10), torch.arange(5)).item() == pytest.approx(math.log(10))


def test_missing_labels_do_not_count() -> None:
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, MISSING, 2, MISSING])
    given = cross_entropy(logits[[0, 2]], labels[[0, 2]])
    assert cross_entropy(logits, labels).item() == pytest.approx(given.item())
    assert cross_entropy(logits, torch.full((4,), MISSING)).item() == 0


def test_one_hot_soft_labels_are_classes() -> None:
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([2, 0, 1, 1])
    soft = torch.nn.functional.one_hot(labels, 3).float()
    assert cross_entropy(logits, soft).item() == pytest.approx(cross_entropy(logits, labels).item())


def test_observed_accuracy_is_of_the_given_labels() -> None:
    game = build(Settings(width=2), ImageShape(1, 8, 8), 4)
    images = torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        answers = game.players["classifier"].train()(images)[1].argmax(dim=1)
    labels = torch.cat([answers[:3], torch.full((2,), MISSING), (answers[5:] + 1) % 4])
    batch = Batch(images, labels, torch.arange(6))
    terms = classification("classifier")(game.players, batch, {}, Clock(0, 1), {})
    assert terms.observed["accuracy"].item() == pytest.approx(3 / 4)
    assert game.sampler is None


def test_it_learns_real_digits_in_a_few_epochs() -> None:
    digits = load_digits()
    images = np.minimum(digits.images * 16, 255).astype(np.uint8)[:, None]
    train = torch.arange(len(images)) % 6 != 0
    torch.manual_seed(0)
    settings = Settings(width=16)
    game = build(settings, ImageShape(1, 8, 8), 10)
    network = game.players["classifier"]
    adam = torch.optim.Adam(network.parameters(), settings.learning_rate)
    real, labels = torch.from_numpy(images)[train], torch.from_numpy(digits.target)[train]
    noise = torch.Generator().manual_seed(0)
    for epoch in range(6):
        order = torch.randperm(len(real), generator=noise)
        for start, stop in pairwise(range(0, len(real), 64)):
            index = order[start:stop]
            scaled = SCALINGS["dequantised"].forward(real[index], noise)
            batch = Batch(scaled, labels[index], index)
            terms = classification("classifier")(game.players, batch, {}, Clock(epoch, 6), {})
            adam.zero_grad()
            sum(terms.losses.values()).backward()
            adam.step()
    state = {f"00000001/classifier/{k}": v for k, v in network.state_dict().items()}
    found = features.load(features.Settings(), state).features(images[~train.numpy()])
    assert (found.logits.argmax(axis=1) == digits.target[~train.numpy()]).mean() >= 0.95
