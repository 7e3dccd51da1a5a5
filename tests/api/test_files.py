"""Files are complete or not there."""

import os

import pytest

from longthink.files import replace_file, write_file


def write_half(place, mode, error):
    with replace_file(place, mode) as file:
        file.write("half" if mode == "w" else b"half")
        raise error


def test_an_error_leaves_the_old_file_whole_and_nothing_else(tmp_path):
    place = tmp_path / "policy.json"
    write_file(place, "old")
    with pytest.raises(RuntimeError):
        write_half(place, "w", RuntimeError)
    assert place.read_text() == "old"
    assert os.listdir(tmp_path) == ["policy.json"]


def test_an_error_leaves_no_new_file(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "new", "wb", KeyboardInterrupt)
    assert os.listdir(tmp_path) == []


def test_permissions_stay_and_new_files_follow_the_umask(tmp_path):
    place = tmp_path / "private"
    write_file(place, b"1")
    assert place.stat().st_mode & 0o777 == 0o666 & ~_umask()
    place.chmod(0o600)
    write_file(place, b"2")
    assert place.stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    write_file(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_what_is_no_regular_file_is_written_directly():
    write_file(os.devnull, "gone")
    assert not os.path.isfile(os.devnull)


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        write_file(tmp_path / "nowhere" / "file", "text")


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
