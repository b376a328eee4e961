"""Datasets by name: the registry, the data home, and downloads from a real server on this machine."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import classifier.corpus.datasets as registry
from classifier.corpus.datasets import (
    Dataset,
    RemoteFile,
    datasets,
    download,
    fetch,
    git_blob,
    load_corpus,
    slug,
    verify,
)
from classifier.corpus.sections import SECTIONS
from classifier.errors import DataError


def klue(split: str, *rows: tuple[str, str]) -> bytes:
    """A file as KLUE publishes it."""
    objects = [
        {
            "guid": f"ynat-v1_{split}_{i:05}",
            "title": title,
            "predefined_news_category": label,
            "label": label,
            "annotations": {"annotators": ["07"], "annotations": {"first-scope": [label]}},
            "url": f"https://news.example.com/{split}/{i}",
            "date": "2020.01.02. 오전 9:30",
        }
        for i, (title, label) in enumerate(rows)
    ]
    return json.dumps(objects, ensure_ascii=False, indent=2).encode()


KLUE_TRAIN = klue("train", ("국회, 내년 예산안 심사 착수", "정치"), ('"반도체 수출 회복"…코스피 상승', "경제"))
KLUE_DEV = klue("dev", ("태풍 지나간 남해안 복구 한창", "사회"))
LINES = (
    '"\'가요제\' 신인 그룹, 첫 무대 ""떨렸다""[종합]"\n'  # quoted as in CSV
    "배우 김가온 새 드라마로 복귀\n"
    "배우 김가온 새 드라마로 복귀\n"  # once for every comment on the article
).encode()
MORE_LINES = "배우 김가온 새 드라마로 복귀\n예능 ‘산골밥상’ 시청률 1위\n".encode()

CONTENT = {"train.json": KLUE_TRAIN, "dev.json": KLUE_DEV, "titles.txt": LINES, "more.txt": MORE_LINES}


@dataclass
class Server:
    address: str
    asked: Counter[str] = field(default_factory=Counter)

    def file(self, name: str, way: str = "whole", **facts) -> RemoteFile:
        return RemoteFile(name, f"{self.address}/{way}/{name}", git_blob(CONTENT[name]), **facts)

    def klue(self, way: str = "whole") -> Dataset:
        files = (self.file("train.json", way, split="train"), self.file("dev.json", way, split="dev"))
        return Dataset("klue-like", "Composed", "none", "none", files=files)

    def titles(self) -> Dataset:
        files = (self.file("titles.txt"), self.file("more.txt", optional=True))
        return Dataset("titles", "Composed", "none", "none", "연예", files)


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    """Serves CONTENT; the first part of the path says how well."""
    closing = threading.Event()
    asked: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked[self.path] += 1
            _, way, name = self.path.split("/")
            body = CONTENT[name]
            if way == "absent":
                return self.send_error(404)
            if way == "silent":
                closing.wait(20)
                return None
            if way == "changed":
                body = body[:-1] + b"?"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) + (1000 if way == "truncated" else 0)))
            self.end_headers()
            if way == "stalling":
                self.wfile.write(body[:10])
                self.wfile.flush()
                closing.wait(20)
                return None
            self.wfile.write(body)
            return None

        def log_message(self, *_):
            pass

    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Server(f"http://127.0.0.1:{running.server_port}", asked)
        closing.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def data_home(tmp_path, monkeypatch) -> Path:
    home = tmp_path / "data"
    monkeypatch.setenv("HEADLINE_DATA_HOME", str(home))
    return home


@pytest.fixture
def registered(monkeypatch):
    """Lets a composed dataset be loaded by its name."""

    def register(dataset: Dataset) -> None:
        known = datasets() | {dataset.name: dataset}
        monkeypatch.setattr(registry, "datasets", lambda: known)

    return register


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# The registry


def test_registry_has_the_sample_and_two_public_corpora():
    assert list(datasets()) == ["sample", "lexicon", "ynat", "entertainment"]
    assert {name: dataset.splits for name, dataset in datasets().items()} == {
        "sample": ("train", "test", "wide", "desk"),
        "lexicon": ("words",),
        "ynat": ("train", "dev"),
        "entertainment": (),
    }
    assert datasets()["entertainment"].section == "연예"
    for dataset in datasets().values():
        assert dataset.title
        assert dataset.licence
        assert dataset.citation


def test_every_remote_file_is_pinned_to_a_commit_and_a_content():
    files = [file for dataset in datasets().values() for file in dataset.files]
    assert len({file.git_blob for file in files}) == len({file.url for file in files}) == len(files) == 10
    for file in files:
        assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w.-]+/[\w.-]+/[0-9a-f]{40}/\S+", file.url)
        assert file.url.endswith(f"/{file.name}")
        assert re.fullmatch(r"[0-9a-f]{40}", file.git_blob)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("content", [b"", b"\r\n", KLUE_TRAIN, bytes(range(256)) * 1000], ids=len)
def test_git_blob_is_what_git_says(content):
    asked = subprocess.run(
        ["git", "hash-object", "--no-filters", "--stdin"], input=content, capture_output=True, check=True
    )
    assert git_blob(content) == asked.stdout.decode().strip()


# Loading by name


@pytest.mark.parametrize("split", ["train", "test", "wide", "desk"])
def test_sample_splits_load(sample, split):
    frame = load_corpus(f"sample:{split}")
    assert [tuple(row) for row in frame[["headline", "section"]].to_numpy()] == sample[split]
    assert set(frame["section"]) == set(SECTIONS)


def test_name_without_split_is_all_of_the_corpus(sample):
    assert list(load_corpus("sample")["headline"]) == [h for rows in sample.values() for h, _ in rows]


def test_fetching_the_sample_is_naming_its_files():
    assert [path.name for path in fetch(datasets()["sample"])] == ["train.tsv", "test.tsv", "wide.tsv", "desk.tsv"]
    assert all(path.is_file() for path in fetch(datasets()["sample"]))


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("ynet:train", "'ynet:train' is neither a dataset (sample, lexicon, ynat, entertainment), nor a table"),
        ("sample:dev", "sample has no split 'dev'. There is sample:train, sample:test, sample:wide, sample:desk."),
        ("entertainment:train", "There is only entertainment, in one piece."),
        ("headlines.hwp", "neither a dataset"),
    ],
)
def test_unknown_reference_is_refused_with_the_known_ones(reference, expected):
    with pytest.raises(DataError) as caught:
        load_corpus(reference)
    assert expected in str(caught.value)


def test_a_folder_of_ones_own_in_the_data_home_is_named_like_a_dataset(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADLINE_DATA_HOME", str(tmp_path))
    (tmp_path / "crawl").mkdir()
    for name, headline in (("headlines", "코스피 상승 마감"), ("may", "5월의 물가")):
        (tmp_path / "crawl" / f"{name}.tsv").write_text(f"headline\tsection\n{headline}\t경제\n", encoding="utf-8")
    assert load_corpus("crawl")["headline"].tolist() == ["코스피 상승 마감"]
    assert load_corpus("crawl:may")["headline"].tolist() == ["5월의 물가"]
    for absent in ("crawl:june", "../crawl", "crawl:../../crawl/may"):
        with pytest.raises(DataError, match="neither a dataset"):
            load_corpus(absent)


def test_path_starts_from_the_base_folder_or_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "own.tsv").write_text("headline\tsection\n국회 개원\t정치\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path.parent)
    assert list(load_corpus("own.tsv", tmp_path)["headline"]) == ["국회 개원"]
    assert list(load_corpus(f"{tmp_path.name}/own.tsv")["headline"]) == ["국회 개원"]
    assert list(load_corpus(str(tmp_path / "own.tsv"), tmp_path.parent)["headline"]) == ["국회 개원"]
    with pytest.raises(DataError, match="cannot be read"):
        load_corpus("own.tsv")


def test_prepared_tables_in_the_data_home_are_used(data_home):
    (data_home / "ynat").mkdir(parents=True)
    for split, headline in (("train", "국회 개원"), ("dev", "수출 증가")):
        table = f"guid\theadline\tsection\n{split}-0\t{headline}\t경제\n"
        (data_home / "ynat" / f"{split}.tsv").write_text(table, encoding="utf-8")
    assert load_corpus("ynat:dev")[["headline", "guid"]].to_numpy().tolist() == [["수출 증가", "dev-0"]]
    assert list(load_corpus("ynat")["headline"]) == ["국회 개원", "수출 증가"]


def test_file_in_the_data_home_that_is_not_the_published_one_is_refused(data_home):
    (data_home / "entertainment").mkdir(parents=True)
    for file in datasets()["entertainment"].files:
        (data_home / "entertainment" / file.name).write_bytes(LINES)
    with pytest.raises(DataError) as caught:
        load_corpus("entertainment")
    assert f"Expected git blob {datasets()['entertainment'].files[0].git_blob}, found {git_blob(LINES)}" in str(
        caught.value
    )


@pytest.mark.parametrize(("reference", "rows"), [("ynat:train", 44_931), ("ynat:dev", 9_107)])
def test_real_ynat_loads(corpora, reference, rows):
    frame = load_corpus(reference)
    assert len(frame) == rows
    assert set(frame["section"]) == set(SECTIONS) - {"연예"}


def test_real_entertainment_loads(corpora):
    frame = load_corpus("entertainment")
    assert frame["headline"].is_unique
    assert len(frame) > 1_500
    assert set(frame["section"]) == {"연예"}
    assert not frame["headline"].str.contains('""', regex=False).any()


@pytest.mark.parametrize(
    ("reference", "name"), [("ynat:train", "ynat-train"), ("ynat", "ynat"), ("../tables/own v2.tsv", "own-v2")]
)
def test_slug_is_a_short_name(reference, name):
    assert slug(reference) == name


# Downloading


def test_right_content_is_verified_and_put_in_place(server, data_home):
    paths = fetch(server.klue(), progress=False)
    assert paths == [data_home / "klue-like" / "train.json", data_home / "klue-like" / "dev.json"]
    assert [path.read_bytes() for path in paths] == [KLUE_TRAIN, KLUE_DEV]
    assert files_under(data_home) == {"klue-like/train.json", "klue-like/dev.json"}


def test_second_fetch_does_not_download_again(server, data_home):
    first = fetch(server.klue(), progress=False)
    assert fetch(server.klue(), progress=False) == first
    assert server.asked == {"/whole/train.json": 1, "/whole/dev.json": 1}


def test_klue_json_is_downloaded_when_it_is_loaded(server, data_home, registered):
    registered(server.klue())
    for _ in range(2):
        frame = load_corpus("klue-like:train")
        assert frame.iloc[1].to_dict() == {
            "headline": '"반도체 수출 회복"…코스피 상승',
            "section": "경제",
            "date": "2020.01.02. 오전 9:30",
            "url": "https://news.example.com/train/1",
            "guid": "ynat-v1_train_00001",
        }
    assert server.asked == {"/whole/train.json": 1}
    assert len(load_corpus("klue-like")) == 3


def test_quoted_lines_are_distinct_headlines_of_one_section(server, data_home, registered):
    registered(server.titles())
    frame = load_corpus("titles")
    assert list(frame["headline"]) == [
        "'가요제' 신인 그룹, 첫 무대 \"떨렸다\"[종합]",
        "배우 김가온 새 드라마로 복귀",
        "예능 ‘산골밥상’ 시청률 1위",
    ]
    assert set(frame["section"]) == {"연예"}


def test_optional_part_may_be_missing_and_a_required_one_is_fetched(server, data_home, registered, caplog):
    registered(server.titles())
    (data_home / "titles").mkdir(parents=True)
    (data_home / "titles" / "titles.txt").write_bytes(LINES)
    assert len(load_corpus("titles")) == 2
    assert "1 of 2 files" in caplog.text
    assert not server.asked
    (data_home / "titles" / "titles.txt").rename(data_home / "elsewhere")
    (data_home / "titles" / "more.txt").write_bytes(MORE_LINES)
    assert len(load_corpus("titles")) == 3
    assert server.asked == {"/whole/titles.txt": 1}


def test_changed_content_is_refused_with_both_blobs_and_leaves_nothing(server, data_home):
    file = server.file("train.json", "changed")
    with pytest.raises(DataError) as caught:
        download(file, data_home, progress=False)
    found = git_blob(KLUE_TRAIN[:-1] + b"?")
    assert f"Expected git blob {file.git_blob}, found {found}" in str(caught.value)
    assert file.url in str(caught.value)
    assert files_under(data_home) == set()


def test_refusal_of_changed_content_names_the_place_of_the_file(server, data_home):
    with pytest.raises(DataError) as caught:
        download(server.file("train.json", "changed"), data_home, progress=False)
    assert str(data_home / "train.json") in str(caught.value)
    assert ".part" not in str(caught.value)


@pytest.mark.parametrize("way", ["truncated", "absent", "silent", "stalling"])
def test_failed_download_says_what_to_get_and_where_to_put_it(server, data_home, way):
    file = server.file("train.json", way)
    with pytest.raises(DataError) as caught:
        download(file, data_home, progress=False, timeout=0.3)
    assert file.url in str(caught.value)
    assert str(caught.value).endswith(f"put it at {data_home / 'train.json'}")
    assert files_under(data_home) == set()
    assert server.asked == {f"/{way}/train.json": 1}


def test_a_refused_download_leaves_no_connection_open(server, data_home):
    with pytest.raises(DataError, match="404") as caught:
        download(server.file("train.json", "absent"), data_home, progress=False)
    assert caught.value.__cause__.response.raw.closed


def test_failed_load_says_what_to_get_and_where_to_put_it(server, data_home, registered):
    registered(server.klue("absent"))
    with pytest.raises(DataError, match="404") as caught:
        load_corpus("klue-like:dev")
    assert str(caught.value).endswith(f"put it at {data_home / 'klue-like' / 'dev.json'}")


def test_nothing_listening_says_what_to_get_and_where_to_put_it(data_home, monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with socket.socket() as held:  # bound but not listening: nobody else can take the port meanwhile
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/train.json"
        with pytest.raises(DataError) as caught:
            download(RemoteFile("train.json", url, git_blob(KLUE_TRAIN)), data_home, progress=False, timeout=2)
    assert url in str(caught.value)
    assert str(caught.value).endswith(f"put it at {data_home / 'train.json'}")
    assert files_under(data_home) == set()


def test_failed_download_keeps_the_files_that_are_there(server, data_home):
    dataset = server.klue()
    fetch(dataset, progress=False)
    (data_home / "klue-like" / "dev.json").unlink()
    train, dev = dataset.files
    broken = replace(dataset, files=(train, replace(dev, url=f"{server.address}/changed/dev.json")))
    with pytest.raises(DataError):
        fetch(broken, progress=False)
    assert files_under(data_home) == {"klue-like/train.json"}
    assert verify(data_home / "klue-like" / "train.json", train) is None


def test_data_home_that_cannot_hold_a_folder_is_refused(server, data_home):
    data_home.write_text("a file where the folder should be")
    with pytest.raises(DataError) as caught:
        fetch(server.klue(), progress=False)
    assert str(data_home) in str(caught.value)


@pytest.mark.parametrize(
    "use", [lambda: load_corpus("klue-like:train"), lambda: fetch(registry.datasets()["klue-like"])]
)
def test_damaged_file_in_the_data_home_is_reported(server, data_home, registered, use):
    registered(server.klue())
    path = data_home / "klue-like" / "train.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(KLUE_TRAIN[:100])
    with pytest.raises(DataError) as caught:
        use()
    assert str(caught.value).startswith(f"{path}: the content is not what was published")
    assert f"found {git_blob(KLUE_TRAIN[:100])} (100 bytes)" in str(caught.value)
    assert not server.asked


@pytest.mark.parametrize(
    "content", [b"headline\tsection\n", b"{}x", b'{"rows": []}', b'[{"title": "x"}]', b"[1]", b"\xff"], ids=repr
)
def test_json_of_another_shape_is_refused(data_home, registered, content):
    file = RemoteFile("train.json", "http://127.0.0.1:9/train.json", git_blob(content), split="train")
    registered(Dataset("klue-like", "Composed", "none", "none", files=(file,)))
    (data_home / "klue-like").mkdir(parents=True)
    (data_home / "klue-like" / "train.json").write_bytes(content)
    with pytest.raises(DataError, match=r"train\.json: "):
        load_corpus("klue-like:train")
