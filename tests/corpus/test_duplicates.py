"""Near-duplicates: against exact comparison of every pair, and in the sample corpus."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from classifier.corpus.datasets import load_corpus
from classifier.corpus.duplicates import THRESHOLD, bigrams, jaccard, near_duplicate_groups, near_duplicate_pairs
from classifier.corpus.sections import SECTIONS


def exact_pairs(sets: list[set[str]], threshold: float) -> dict[tuple[int, int], float]:
    """Every pair at or above the threshold, by a matrix product: nothing is approximate here."""
    holds = CountVectorizer(analyzer=set, dtype=np.float64).fit_transform(sets)
    size = np.array([len(group) for group in sets])
    found = {}
    for start in range(0, len(sets), 500):  # every pair, in parts that fit into memory
        shared = (holds[start : start + 500] @ holds[start:].T).tocoo()
        i, j = start + shared.row, start + shared.col
        score = shared.data / (size[i] + size[j] - shared.data)
        near = (score >= threshold) & (i < j)
        found |= dict(zip(zip(i[near].tolist(), j[near].tolist(), strict=True), score[near].tolist(), strict=True))
    return found


def perturbed(headline: str, rng: random.Random) -> str:
    """The headline as another desk would print it: a tag, a changed word, a lost or a new one."""
    words = headline.split()
    for _ in range(rng.randint(1, 2)):
        place = rng.randrange(len(words))
        words[place : place + 1] = rng.choice([[], [words[place], "오늘"], [words[place][::-1]], [words[place][:-1]]])
        words = words or ["속보"]
    return rng.choice(["", "[속보] ", "[단독]"]) + " ".join(words) + rng.choice(["", "…", "(종합)"])


@pytest.fixture(scope="module")
def crowd(sample) -> list[str]:
    """The sample's test headlines and a changed copy of every second one."""
    rng = random.Random(20)
    originals = [headline for headline, _ in sample["test"]]
    return originals + [perturbed(headline, rng) for headline in originals[::2]]


@pytest.fixture(scope="module")
def partition(crowd) -> list[int]:
    return near_duplicate_groups(crowd).tolist()


def test_bigrams_are_of_letters_and_digits_alone():
    assert bigrams("[속보] ＡＢ 5년") == {"속보", "보a", "ab", "b5", "5년"}
    assert bigrams("‘속보’…AB·5년!") == bigrams("[속보] ＡＢ 5년")
    assert bigrams("가") == {"가"}
    assert bigrams("…") == {""}


def test_jaccard_is_the_shared_part_of_the_union():
    assert jaccard({"가나", "나다"}, {"나다", "다라"}) == pytest.approx(1 / 3)
    assert jaccard({"가나"}, {"가나"}) == 1
    assert jaccard({"가나"}, {"다라"}) == 0


@pytest.mark.parametrize("threshold", [0.6, 0.8, 1.0])
def test_every_pair_found_is_one_with_its_true_jaccard(crowd, threshold):
    exact = exact_pairs([bigrams(headline) for headline in crowd], threshold)
    found = near_duplicate_pairs(crowd, threshold)
    assert len({(i, j) for i, j, _ in found}) == len(found) > 0
    for i, j, score in found:
        assert i < j
        assert score == pytest.approx(exact[i, j])


@pytest.mark.parametrize("seed", [0, 1])
def test_nearly_every_pair_is_found(crowd, seed):
    exact = exact_pairs([bigrams(headline) for headline in crowd], THRESHOLD)
    found = {(i, j) for i, j, _ in near_duplicate_pairs(crowd, THRESHOLD, seed)}
    assert len(exact) > 350
    assert len(found & exact.keys()) / len(exact) >= 0.97


def test_nearly_every_pair_is_in_one_group(crowd, partition):
    exact = exact_pairs([bigrams(headline) for headline in crowd], THRESHOLD)
    assert sum(partition[i] == partition[j] for i, j in exact) / len(exact) >= 0.97


def test_groups_join_pairs_and_nothing_else(crowd, partition):
    members = defaultdict(set)
    for i, group in enumerate(partition):
        members[group].add(i)
    exact = exact_pairs([bigrams(headline) for headline in crowd], THRESHOLD)
    near = defaultdict(set)
    for i, j in exact:
        near[i].add(j)
        near[j].add(i)
    for group in members.values():
        reached, frontier = set(), {min(group)}
        while frontier:
            reached |= frontier
            frontier = {j for i in frontier for j in near[i] & group} - reached
        assert reached == group


def test_a_chain_of_near_duplicates_is_one_group():
    chain = [
        "한국은행 기준금리 석 달째 동결",
        "한국은행 기준금리 석 달째 동결 가계부채 우려",
        "기준금리 석 달째 동결 가계부채 우려 커져",
    ]
    first, middle, last = map(bigrams, chain)
    assert jaccard(first, last) < THRESHOLD <= min(jaccard(first, middle), jaccard(middle, last))
    groups = near_duplicate_groups([*chain, "프로야구 개막전 매진 행렬"])
    assert groups[0] == groups[1] == groups[2] != groups[3]


@pytest.mark.parametrize(
    ("headlines", "groups"), [([], 0), (["국회 개원"], 1), (["국회 개원"] * 3, 1), (["가", "나"], 2)]
)
def test_few_headlines_have_their_groups(headlines, groups):
    found = near_duplicate_groups(headlines)
    assert len(found) == len(headlines)
    assert len(set(found.tolist())) == groups


def as_partition(headlines: list[str]) -> set[frozenset[str]]:
    members = defaultdict(set)
    for headline, group in zip(headlines, near_duplicate_groups(headlines).tolist(), strict=True):
        members[group].add(headline)
    return {frozenset(group) for group in members.values()}


# Few words make crowds in which everything resembles everything: there an order would show.
_headlines = st.lists(st.sampled_from(["속보", "국회", "예산안", "처리", "또"]), min_size=2, max_size=7).map(" ".join)


@settings(deadline=None, max_examples=100)
@given(st.lists(_headlines, min_size=2, max_size=60, unique_by=lambda h: h.replace(" ", "")), st.randoms())
@example(
    list(dict.fromkeys(map(" ".join, product(["속보", "국회", "예산안", "처리", "또"], repeat=4)))), random.Random(0)
)
def test_grouping_does_not_depend_on_order(headlines, rng):
    shuffled = rng.sample(headlines, len(headlines))
    assert as_partition(shuffled) == as_partition(headlines)


def test_grouping_of_many_headlines_does_not_depend_on_order(crowd):
    distinct = list(dict.fromkeys(crowd))
    assert as_partition(random.Random(7).sample(distinct, len(distinct))) == as_partition(distinct)


def test_sample_has_three_hundred_headlines_or_more_of_each_section(sample):
    counts = Counter(section for split in sample.values() for _, section in split)
    assert counts.keys() == set(SECTIONS)
    assert min(counts.values()) >= 300
    assert {section for _, section in sample["test"]} == set(SECTIONS)


def test_no_sample_headline_stands_twice(sample):
    headlines = [headline for split in sample.values() for headline, _ in split]
    assert [headline for headline, n in Counter(headlines).items() if n > 1] == []


def raw_bigrams(headline: str) -> set[str]:
    """The bigrams with all spaces and signs."""
    return {headline[i : i + 2] for i in range(len(headline) - 1)}


@pytest.mark.parametrize("split_up", [bigrams, raw_bigrams])
def test_no_two_sample_headlines_share_more_than_half_of_their_bigrams(sample, split_up):
    headlines = [headline for split in sample.values() for headline, _ in split]
    exact = exact_pairs([split_up(headline) for headline in headlines], 0.5)
    assert [(headlines[i], headlines[j]) for (i, j), score in exact.items() if score > 0.5] == []


def test_train_and_test_of_the_sample_share_no_near_duplicate_group(sample):
    train = [headline for split in ("train", "wide", "desk") for headline, _ in sample[split]]
    test = [headline for headline, _ in sample["test"]]
    groups = near_duplicate_groups(train + test).tolist()
    assert set(groups[: len(train)]).isdisjoint(groups[len(train) :])


@pytest.mark.parametrize("reference", ["ynat", "entertainment", "portal-2025", "portal-archive"])
def test_no_headline_of_the_desk_part_shares_half_of_its_bigrams_with_a_real_one(sample, corpora, reference):
    composed = [bigrams(headline) for headline, _ in sample["desk"]]
    real = [bigrams(headline) for headline in load_corpus(reference)["headline"]]
    columns = CountVectorizer(analyzer=set, dtype=np.float64).fit(composed)
    ours, theirs = columns.transform(composed), columns.transform(real).T.tocsc()
    size, other = (np.array([len(group) for group in groups]) for groups in (composed, real))
    for start in range(0, len(composed), 500):
        shared = (ours[start : start + 500] @ theirs).tocoo()
        near = shared.data >= 0.5 * (size[start + shared.row] + other[shared.col] - shared.data)
        assert [sample["desk"][start + i] for i in shared.row[near]] == []
