"""One Kiwi for all threads of a process, a new one after a fork."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from classifier.text.morphemes import kiwi, tokenize
from classifier.text.normalize import normalize_all

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")


def plain(tokens):
    return [(token.form, token.tag, token.start, token.len, token.id) for token in tokens]


def run(program, timeout=60):
    """Run a program in a process of its own, and its children, and return what it prints."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"still running after {timeout} s: {process.communicate()}")
    assert process.returncode == 0, (process.returncode, errors)
    return output.strip()


def test_threads_share_a_kiwi_and_read_as_one_thread_does(sample):
    texts = normalize_all([headline for headline, _ in sample["test"]])[:300]
    expected = [plain(tokenize(text)) for text in texts]

    def read(thread):
        found = {}
        for i in [*range(thread * 30, len(texts)), *range(thread * 30)]:
            found[i] = plain(tokenize(texts[i]))
            if i % 60 == thread:  # between the single ones, a list that Kiwi's own threads read
                some = slice(i, i + 20)
                listed = kiwi().tokenize(texts[some], z_coda=False, oov_handling="rule")
                assert [plain(tokens) for tokens in listed] == expected[some]
                assert kiwi().global_config.cutoff_threshold == 3
        return [found[i] for i in range(len(texts))]

    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(read, range(8)))
        assert len(set(pool.map(lambda _: id(kiwi()), range(64)))) == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_eight_threads_take_little_more_memory_than_one():
    program = """
        import threading
        from classifier.text.morphemes import kiwi, tokenize

        def work():
            start.wait()
            for number in range(50):
                tokenize(f"오늘의 소식 모음 {number}")
            found.add(id(kiwi()))

        found, start = set(), threading.Barrier(THREADS)
        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert len(found) == 1
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        print(int(status["VmHWM"].split()[0]) // 1024)
    """
    one, eight = (int(run(program.replace("THREADS", str(threads)))) for threads in (1, 8))
    assert one > 200  # Kiwi is in it
    assert eight - one < 50


@needs_fork
def test_a_forked_child_reads_as_its_parent_and_ends():
    program = """
        import os, sys
        from classifier.text.morphemes import analyze, tokenize

        def plain():
            key = analyze(["가 나", "다"]).key.tolist()
            return key, [token.tagged_form for token in tokenize("국회가 예산을 의결했다")]

        expected = plain()
        for use, end in ((True, os._exit), (True, sys.exit), (False, sys.exit)):
            child = os.fork()
            if not child:
                assert not use or plain() == expected
                end(0)
            assert os.waitpid(child, 0)[1] == 0
        assert plain() == expected
        print("done")
    """
    assert run(program) == "done"


@needs_fork
def test_a_child_forked_while_another_thread_makes_kiwi_makes_its_own():
    program = """
        import os, threading, time
        from classifier.text.morphemes import tokenize

        maker = threading.Thread(target=tokenize, args=("가",))
        maker.start()
        time.sleep(0.01)
        child = os.fork()
        if not child:
            os._exit(0 if tokenize("손흥민 득점") else 9)
        maker.join()
        assert os.waitpid(child, 0)[1] == 0
        print("done")
    """
    assert run(program) == "done"


@needs_fork
def test_a_forked_pool_reads_as_its_parent():
    program = """
        import multiprocessing
        from classifier.text.morphemes import tokenize

        def read(text):
            return [token.tagged_form for token in tokenize(text)]

        texts = [f"국회가 예산 {number}억을 의결했다" for number in range(40)]
        expected = [read(text) for text in texts]
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(read, texts) == expected
        print("done")
    """
    assert run(program) == "done"
