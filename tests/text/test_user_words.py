from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from classifier.errors import DataError
from classifier.text.morphemes import WORDS, analyze, kiwi, tokenize
from classifier.text.user_words import NO_WORDS, UserWords


@pytest.fixture
def read(tmp_path):
    def write_and_read(text, encoding="utf-8"):
        (tmp_path / "words.tsv").write_bytes(text.encode(encoding))
        return UserWords.read(tmp_path / "words.tsv")

    return write_and_read


def test_words_are_read_normalised_and_sorted(read):
    words = read(
        "word\ttag\tscore\n# groups\n뉴진스\n\nLG에너지솔루션\tNNP\t1.5\n나는  ‘솔로’\tNNP\n꿀잼\tNNG\t-2\n",
        "utf-8-sig",
    )
    assert words.entries == (
        ("lg에너지솔루션", "NNP", 1.5),
        ("꿀잼", "NNG", -2.0),
        ("나는 솔로", "NNP", 0.0),
        ("뉴진스", "NNP", 0.0),
    )
    assert UserWords.from_array(words.to_array()) == words
    assert words.to_array().dtype == np.uint8


def test_the_heading_may_have_comments_before_it_and_word_may_be_a_word(read):
    words = read("# groups\n\nword\ttag\tscore\n뉴진스\nword\tNNG\n")
    assert words.entries == (("word", "NNG", 0.0), ("뉴진스", "NNP", 0.0))
    assert UserWords.from_array(words.to_array()) == words


def test_the_digest_depends_on_words_tags_and_scores_and_not_on_their_order(read):
    digests = {read(text).digest for text in ("가나\n다라", "가나", "가나\tNNG", "가나\tNNP\t1", "")}
    assert len(digests) == 5
    assert read("다라\n가나").digest == read("가나\tNNP\t0\n다라\n가나").digest
    assert NO_WORDS.digest == ""
    assert not NO_WORDS


def test_all_bad_lines_are_reported_with_their_number_and_why(read):
    with pytest.raises(DataError) as caught:
        read(
            "뉴진스\tNNP\n가\tXYZ\n!!!\n나\tNNP\tmuch\n다\tNNP\tinf\n라\tNNP\t1\t2\n걷 다\tVV\n뉴진스\tNNP\t3\n마\tEF\n"
        )
    message = str(caught.value)
    assert "words.tsv: 8 bad rows" in message
    for line, why in (
        (2, "the tag 'XYZ' is none of NNP, NNG"),
        (3, "nothing is left of '!!!'"),
        (4, "the score 'much' is no number"),
        (5, "the score 'inf' is no number"),
        (6, "4 columns, at most 3"),
        (7, "'걷 다' has a space in it"),
        (8, "뉴진스/NNP is listed above with another score, 0"),
        (9, "the tag 'EF' is none of"),
    ):
        assert f"  row {line}: {why}" in message


def test_many_bad_lines_are_counted(read):
    with pytest.raises(DataError, match=r"(?s)100 bad rows.*row 20:.*and 80 more"):
        read("가\tXYZ\n" * 100)


def test_files_that_cannot_be_read_are_reported(read, tmp_path):
    with pytest.raises(DataError, match=r"none.tsv: the user's words cannot be read"):
        UserWords.read(tmp_path / "none.tsv")
    with pytest.raises(DataError, match=r"words.tsv: the user's words are not UTF-8.*Save the file"):
        read("뉴진스", "cp949")


def test_kiwi_reads_with_the_words_and_beside_it_without(read):
    words = read("LG에너지솔루션\n나는 솔로\tNNP\t3\n")
    forms = [token.tagged_form for token in tokenize("lg에너지솔루션 상장", words)]
    assert forms[0] == "lg에너지솔루션/NNP"
    assert tokenize("lg에너지솔루션 상장")[0].tagged_form == "lg/SL"
    found = analyze(["나는 솔로 최종 선택", "국회가 예산을 의결했다"], words)
    assert (found.start[0], found.length[0], found.word[0]) == (0, 5, -1)  # it has no vector
    # Words that Kiwi has keep their numbers.
    own = analyze(["국회가 예산을 의결했다"])
    assert found.word[found.row == 1].tolist() == own.word.tolist()
    assert max(own.word) < WORDS
    assert kiwi(words) is kiwi(read("나는 솔로\tNNP\t3\nlg에너지솔루션"))
    assert kiwi(words) is not kiwi()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_process_keeps_the_kiwis_of_the_last_two_lists():
    program = """if True:
        import os
        from classifier.text.morphemes import _KIWIS, tokenize
        from classifier.text.user_words import UserWords

        def resident():
            status = dict(line.split(":", 1) for line in open("/proc/self/status"))
            return int(status["VmRSS"].split()[0]) // 1024

        used = []
        for name in ("가나", "다라", "마바", "사아"):
            words = UserWords(((name, "NNP", 0.0),))
            assert tokenize(name, words)[0].tagged_form == name + "/NNP"
            used.append(resident())
        assert list(_KIWIS[os.getpid()]) == [UserWords(((name, "NNP", 0.0),)).digest for name in ("마바", "사아")]
        print(used[1] - used[0] > 100, used[3] - used[1] < 250)
    """
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "True True"), done.stderr
