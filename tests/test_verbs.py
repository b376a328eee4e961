"""The functions beside the verbs: they return, and raise instead of exiting."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from classifier import Classifier, ConfigError, DataError, audit, evaluate, explain, extract, fetch, train
from classifier.paths import package_data

PAGE = """새벽일보 메뉴
[스포츠] 랭킹 뉴스
• 손흥민, 개막전 멀티골…토트넘 3-1 승
• 프로야구 개막전 다섯 구장 매진
"""


def test_evaluate_takes_a_name_a_path_or_a_table_and_any_model(trained: Path, clf: Classifier) -> None:
    path = package_data() / "sample" / "test.tsv"
    folder = trained / "models" / "quick"
    by_path = evaluate(path, folder)
    assert by_path.evaluation.macro_f1 > 0.6
    frame = pd.read_csv(path, sep="\t", quoting=3)
    for table, model in (("sample:test", str(folder)), (frame, clf)):
        assert evaluate(table, model).evaluation == by_path.evaluation
    assert evaluate(frame, clf, tier="fast").evaluation.macro_f1 != by_path.evaluation.macro_f1
    with pytest.raises(DataError, match="sections that the model does not know: 운세"):
        evaluate(pd.DataFrame({"headline": ["오늘의 운세"], "section": ["운세"]}), clf)


def test_audit_returns_what_it_found(sample: dict[str, list[tuple[str, str]]]) -> None:
    headlines = [headline for headline, _ in sample["train"][:100]]
    frame = pd.DataFrame(
        {"headline": headlines, "section": ["정치", "경제"] + [""] * 98}
    )  # with few labels it is quick
    found = audit(frame, against=frame.iloc[:5])
    assert found.rows == 100
    assert (found.unlabelled, len(found.leaks)) == (98, 5)


def test_extract_returns_a_table_or_names_every_page_that_fails(tmp_path: Path) -> None:
    good, bad, worse = tmp_path / "page.txt", tmp_path / "bad.html", tmp_path / "worse.html"
    good.write_text(PAGE, encoding="utf-8")
    assert extract(good)["section"].tolist() == ["스포츠", "스포츠"]
    for path in (bad, worse):
        path.write_text("<p>An English page, and nothing else in it.</p>", encoding="utf-8")
    with pytest.raises(DataError, match=r"(?s)bad\.html.*worse\.html"):
        extract([good, bad, worse])


def test_fetch_returns_the_files_of_a_dataset() -> None:
    found = fetch("sample")
    assert {"train.tsv", "test.tsv"} <= {path.name for path in found}
    assert all(path.is_file() for path in found)
    with pytest.raises(DataError, match=r"'nothing' is none of the datasets: .*ynat"):
        fetch("nothing")


def test_explain_takes_a_model_or_its_name(trained: Path, clf: Classifier) -> None:
    headline = "손흥민 멀티골"
    assert explain(headline, trained / "models/quick") == explain(headline, clf) == clf.explain(headline)
    assert explain(headline, clf, against="runner-up").against is not None


def test_train_raises_what_is_wrong_with_a_config(home: Path) -> None:
    (home / "bad.toml").write_text("[data]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"bad\.toml"):
        train("bad.toml")
