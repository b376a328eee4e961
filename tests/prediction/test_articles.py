"""Articles: title and body together, and a page's article and list through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier.prediction.articles import article_logits, sentences
from classifier.prediction.classifier import Classifier
from tests.conftest import REPOSITORY

SEED = REPOSITORY.parent / "shared" / "seed" / "portal-page.txt"

ARTICLES = [json.loads(line) for line in (REPOSITORY / "data/articles.jsonl").read_text(encoding="utf-8").splitlines()]


def right(clf: Classifier, articles: list[dict[str, str]]) -> tuple[float, float]:
    """Return the accuracy by title alone, and by title and body."""
    by_title = clf.predict([article["headline"] for article in articles])
    by_both = [clf.predict_article(article["headline"], article["body"]) for article in articles]
    shares = [
        np.mean([p.section == article["section"] for p, article in zip(found, articles, strict=True)])
        for found in (by_title, by_both)
    ]
    return float(shares[0]), float(shares[1])


def test_the_body_says_what_a_teasing_title_does_not(clf: Classifier) -> None:
    by_title, by_both = right(clf, [article for article in ARTICLES if len(article["body"]) < 600])
    assert by_both >= 0.9
    assert by_both >= by_title + 0.2


def test_the_body_adds_to_an_informative_title(clf: Classifier) -> None:
    by_title, by_both = right(clf, [article for article in ARTICLES if len(article["body"]) >= 600][::2])
    assert by_both >= by_title + 0.03


def test_the_articles_are_as_many_in_each_section_and_different(clf: Classifier) -> None:
    sizes = {sum(a["section"] == section for a in ARTICLES) for section in clf.sections}
    assert sizes == {len(ARTICLES) // 8}
    assert len({a["body"] for a in ARTICLES}) == len({a["headline"] for a in ARTICLES}) == len(ARTICLES)


def test_the_first_sentences_and_the_longer_ones_of_an_article_weigh_most(clf: Classifier) -> None:
    title, body = "한은, 기준금리 동결", "한국은행이 기준금리를 묶었다. 물가는 더 지켜본다.\n시장은 안도했다."
    assert sentences(body) == ["한국은행이 기준금리를 묶었다.", "물가는 더 지켜본다.", "시장은 안도했다."]
    logits, has_features = article_logits(clf.model.accurate, title, body)
    assert has_features
    weights = np.array([1, (16 / 12) ** 0.5, 0.8 * (11 / 12) ** 0.5, 0.8**2 * (9 / 12) ** 0.5])  # mean length 12
    expected = weights @ clf.model.accurate.probabilities([title, *sentences(body)]) / weights.sum()
    np.testing.assert_allclose(np.exp(logits), expected, rtol=1e-4)
    prediction = clf.predict_article(title, body)
    assert (prediction.headline, prediction.section) == (title, "경제")
    assert prediction.probability == pytest.approx(expected.max(), rel=1e-4)
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_what_comes_first_outweighs_the_background_at_the_end(clf: Classifier) -> None:
    rates = ["한국은행이 기준금리를 연 3.5%로 동결했다.", "시장 금리는 일제히 내렸다.", "은행 대출 금리도 떨어졌다."]
    baseball = ["프로야구 개막전에서 4번 타자가 홈런을 쳤다.", "투수는 삼진 열 개를 잡았다.", "팬들은 야구장을 채웠다."]
    first_rates = clf.predict_article("", " ".join([*rates, *baseball]))
    first_baseball = clf.predict_article("", " ".join([*baseball, *rates]))
    assert (first_rates.section, first_baseball.section) == ("경제", "스포츠")


def test_nothing_known_abstains_and_a_missing_part_does_no_harm(clf: Classifier) -> None:
    assert clf.predict_article("!!!", "???").section is None
    assert clf.predict_article("", "").section is None
    assert clf.predict_article("손흥민 멀티골", "").probabilities == pytest.approx(
        Classifier(clf.model, "accurate").predict(["손흥민 멀티골"])[0].probabilities, abs=1e-5
    )
    assert clf.predict_article("", "손흥민이 멀티골을 넣었다.").section == "스포츠"
    with pytest.raises(TypeError):
        clf.predict_article("제목", None)  # type: ignore[arg-type]


def run(*arguments: str, cwd: Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "classifier", *arguments],
        cwd=cwd, input=stdin, capture_output=True, timeout=120, check=False,
    )  # fmt: skip


PAGE = """새벽일보 메뉴
한은, 기준금리 동결…“물가 더 지켜봐야”
새벽일보 | 입력 2024.04.11 09:30
한국은행 금융통화위원회가 기준금리를 연 3.50%로 동결했다. 물가와 가계부채를 더 지켜봐야 한다는 판단이다.
금통위는 의결문에서 물가상승률이 목표에 수렴한다는 확신이 들 때까지 긴축 기조를 유지하겠다고 밝혔다.
[스포츠] 랭킹 뉴스
• 손흥민, 개막전 멀티골…토트넘 3-1 승
• 프로야구 개막전 다섯 구장 매진
• 손흥민, 개막전 멀티골…토트넘 3-1 승
"""


@pytest.mark.parametrize("source", ["page.txt", "-"])
def test_a_page_gives_its_article_and_what_it_lists(trained: Path, tmp_path: Path, source: str) -> None:
    (tmp_path / "page.txt").write_text(PAGE, encoding="utf-8")
    model = str(trained / "models/quick")
    done = run("predict", "--page", source, "--model", model, "--format", "jsonl", cwd=tmp_path, stdin=PAGE.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [(row["place"], row["section"], row["stated"]) for row in rows] == [
        ("article", "경제", "스포츠"), ("listed", "스포츠", "스포츠"), ("listed", "스포츠", "스포츠"),
    ]  # fmt: skip
    assert rows[0]["headline"] == "한은, 기준금리 동결…“물가 더 지켜봐야”"
    tsv = run("predict", "--page", source, "--model", model, "--format", "tsv", cwd=tmp_path, stdin=PAGE.encode())
    assert tsv.stdout.decode().splitlines()[0] == "place\tstated\theadline\tsection\tprobability"


def test_several_pages_and_folders_are_predicted_beside_what_they_state(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/a.txt").write_text(PAGE, encoding="utf-8")
    (tmp_path / "pages/b.txt").write_text("인기 뉴스\n• 프로야구 개막전 다섯 구장 매진\n", encoding="utf-8")
    (tmp_path / "bad.txt").write_text("", encoding="utf-8")
    model = str(trained / "models/quick")
    done = run("predict", "--page", "pages", "--page", "bad.txt", "--model", model, "--format", "jsonl", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [(row["source"], row["place"], row["stated"]) for row in rows] == [
        ("pages/a.txt", "article", "스포츠"), ("pages/a.txt", "listed", "스포츠"), ("pages/a.txt", "listed", "스포츠"),
        ("pages/b.txt", "listed", None),
    ]  # fmt: skip
    assert done.returncode == 2
    assert "bad.txt: no text in it" in done.stderr.decode()
    expanded = run("predict", "--page", "pages/a.txt", "pages/b.txt", "--model", model, "--format", "tsv", cwd=tmp_path)
    assert expanded.returncode == 0
    assert len(expanded.stdout.splitlines()) == 1 + len(rows)


def test_a_page_that_is_none_says_why(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>An English page, and nothing else in it.</p>", encoding="utf-8")
    done = run("predict", "--page", "page.html", "--model", str(trained / "models/quick"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert "not a Korean page" in done.stderr.decode()
    both = run("predict", "헤드라인", "--page", "page.html", cwd=tmp_path)
    assert both.returncode == 2


@pytest.mark.skipif(not SEED.is_file(), reason="the seed page is not beside the checkout")
def test_the_seed_page_is_read_whole(clf: Classifier, trained: Path, tmp_path: Path) -> None:
    done = run(
        "predict", "--page", str(SEED), "--model", str(trained / "models/quick"), "--format", "jsonl", cwd=tmp_path
    )
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [row["place"] for row in rows] == ["article"] + ["listed"] * 29
    # Filed under 경제, about Japan, America and their chips: whatever the answer, one of the three.
    assert rows[0]["section"] in ("경제", "세계", "IT과학")
