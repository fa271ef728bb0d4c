from collections import Counter, defaultdict

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from fer.data.drawing.actions import VARIANTS, act
from fer.data.faces import SEVEN
from fer.data.readers import Record
from fer.data.synthetic import FACES_PER_PERSON, SyntheticReader, draw_face
from fer.errors import ConfigError

PARTS = ("training", "public", "private")


def read(**settings: int) -> list[Record]:
    def on_bad(name: str, reason: str) -> None:
        pytest.fail(f"{name}: {reason}")

    return list(SyntheticReader(**settings).records(on_bad))


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return read(train=70, validation=28, test=42, seed=3)


def test_a_face_depends_on_seed_and_index_alone() -> None:
    face = draw_face(5, 100)
    draw_face(5, 101)
    again = draw_face(5, 100)
    assert np.array_equal(face.image, again.image)
    assert (face.label, face.subject) == (again.label, again.subject)
    assert not np.array_equal(face.image, draw_face(6, 100).image)
    assert not np.array_equal(face.image, draw_face(5, 100 + len(SEVEN)).image)


def test_images_are_gray_bytes_with_contrast(records: list[Record]) -> None:
    for record in records:
        assert record.image.shape == (48, 48)
        assert record.image.dtype == np.uint8
        assert record.image.std() > 10


def test_another_size_shows_the_same_face() -> None:
    small, large = draw_face(0, 3).image, draw_face(0, 3, size=96).image
    assert large.shape == (96, 96)
    reduced = large.reshape(48, 2, 48, 2).mean(axis=(1, 3))
    assert np.corrcoef(small.ravel(), reduced.ravel())[0, 1] > 0.95


def test_parts_have_the_counts_asked_for_and_share_nobody(records: list[Record]) -> None:
    assert Counter(record.part for record in records) == dict(zip(PARTS, (70, 28, 42), strict=True))
    people = {part: {r.subject for r in records if r.part == part} for part in PARTS}
    assert [len(people[part]) for part in PARTS] == [5, 2, 3]
    assert len(set.union(*people.values())) == 10
    assert len({record.name for record in records}) == len(records)


def test_expressions_are_balanced_and_everybody_shows_all(records: list[Record]) -> None:
    shown: dict[str | None, list[int]] = defaultdict(list)
    for record in records:
        shown[record.subject].append(record.label)
    for labels in shown.values():
        assert np.bincount(labels).tolist() == [FACES_PER_PERSON // 7] * 7
    assert np.bincount([record.label for record in records]).tolist() == [20] * 7


def test_counts_do_not_move_faces_of_any_part(records: list[Record]) -> None:
    known = {record.name: record for record in records}
    for record in read(train=14, validation=14, test=14, seed=3):
        before = known[record.name]
        assert np.array_equal(record.image, before.image)
        assert (record.label, record.subject, record.part) == (
            before.label,
            before.subject,
            before.part,
        )


def test_frames_of_a_sequence_are_near_identical_and_poses_stay() -> None:
    single, frames = (
        read(train=14, validation=0, test=0),
        read(train=42, validation=0, test=0, frames=3),
    )
    assert [record.sequence for record in single] == [None] * 14
    assert len({record.name for record in frames}) == 42
    first = frames[::3]
    for alone, frame in zip(single, first, strict=True):
        assert np.array_equal(alone.image, frame.image)
        assert (alone.label, alone.subject) == (frame.label, frame.subject)
    for k in range(0, 42, 3):
        shot = frames[k : k + 3]
        assert len({(r.sequence, r.label, r.subject) for r in shot}) == 1
        one, other = (r.image.astype(float).ravel() for r in shot[1:])
        stranger = frames[(k + 21) % 42].image.astype(float).ravel()  # the same person's other pose
        assert 0 < np.abs(one - other).mean() < np.abs(one - stranger).mean()
        assert np.corrcoef(one, other)[0, 1] > 0.9
    assert len({record.sequence for record in frames}) == 14


def test_source_key_tells_parameters_apart() -> None:
    changes = (
        {},
        {"train": 7},
        {"validation": 7},
        {"test": 7},
        {"seed": 1},
        {"size": 64},
        {"frames": 2},
    )
    assert len({SyntheticReader(**change).source_key() for change in changes}) == len(changes)
    assert SyntheticReader().source_key() == SyntheticReader().source_key()


def test_length_is_the_number_of_records(records: list[Record]) -> None:
    assert len(SyntheticReader(train=70, validation=28, test=42)) == len(records) == 140


@pytest.mark.parametrize(
    "wrong", [{"train": -1}, {"test": 10**9}, {"seed": -1}, {"size": 0}, {"frames": 0}]
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="synthetic data"):
        SyntheticReader(**wrong)


def test_every_class_has_prototypes_and_they_are_acted() -> None:
    assert tuple(VARIANTS) == SEVEN
    rng = np.random.default_rng(0)
    mean = {name: np.mean([act(name, rng) for _ in range(200)], axis=0) for name in SEVEN}
    assert max(mean, key=lambda name: mean[name][12]) == "happy"
    assert max(mean, key=lambda name: mean[name][9]) == "disgust"
    assert max(mean, key=lambda name: mean[name][20]) == "fear"
    assert mean["neutral"].max() < 0.1


def test_pixels_tell_expressions_but_not_to_a_linear_model() -> None:
    records = read(train=1400, validation=0, test=350)
    pixels = np.stack([record.image[::2, ::2].ravel() / 255.0 for record in records])
    labels = np.array([record.label for record in records])
    training = np.array([record.part == "training" for record in records])
    model = LogisticRegression(C=0.1, max_iter=40).fit(pixels[training], labels[training])
    accuracy = model.score(pixels[~training], labels[~training])
    assert 0.3 < accuracy < 0.75
