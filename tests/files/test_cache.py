"""The cache of small files: what comes back, and what does not."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from biaxial.files.cache import Cache, default_cache
from biaxial.music.errors import InputError

KEY = "ab12"


def entry(folder: Path) -> Path:
    (path,) = (path for path in folder.rglob("*") if path.is_file())
    return path


def test_an_entry_comes_back_and_can_be_replaced(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "deep" / "cache")
    assert cache.get(KEY) is None
    for content in (b"music", b"", b"other music"):
        cache.put(KEY, content)
        assert Cache(cache.folder).get(KEY) == content
    assert cache.get("ab13") is None
    entry(cache.folder)  # nothing else is left


def test_every_damage_reads_as_a_missing_entry(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, b"music")
    path = entry(tmp_path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place])
        assert cache.get(KEY) is None
        path.write_bytes(whole[:place] + bytes((whole[place] ^ 1,)) + whole[place + 1 :])
        assert cache.get(KEY) is None
    path.unlink()
    path.mkdir()
    assert cache.get(KEY) is None


def test_writers_at_once_leave_one_whole_entry(tmp_path: Path) -> None:
    contents = [bytes((number,)) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda content: Cache(tmp_path).put(KEY, content), contents * 5))
    assert Cache(tmp_path).get(KEY) in contents
    entry(tmp_path)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match=r"file.cache: no files can be written there \(.*\); give a folder with"):
        Cache(tmp_path / "file" / "cache")


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="other systems have other places")
def test_the_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for set_to in ("", "not/absolute"):
        monkeypatch.setenv("XDG_CACHE_HOME", set_to)
        assert default_cache() == tmp_path / ".cache" / "biaxial"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "there"))
    assert default_cache() == tmp_path / "there" / "biaxial"
