"""Files are written completely or not at all."""

import ast
import os
from pathlib import Path

import pytest

import longthink as lt
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


def test_a_name_that_no_file_can_have_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="code 0"):
        write_file(f"{tmp_path}/a\0b", "text")


# ---- Who writes files ----

ROOMS = ("api", "benchmarks", "bridge", "games", "search")
APPENDED = {"bridge/traces/log.py", "benchmarks/harness/log.py"}  # a line at a time
PIPES = {"bridge/tools/guard.py", "bridge/tools/sandbox.py", "bridge/tools/system_calls.py"}
_WRITES = {"write_text", "write_bytes", "savefig", "savez", "savez_compressed", "tofile", "NamedTemporaryFile"}


def writes_by_itself(call):
    """Whether a call writes a file in one piece, but not by `longthink.files`."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    words = [each.value for each in [*call.args, *(k.value for k in call.keywords)] if isinstance(each, ast.Constant)]
    opens = name in ("open", "fdopen") and any(isinstance(w, str) and set(w) <= set("wxabt+") and w for w in words)
    return name in _WRITES or opens


def test_every_file_is_written_by_replace_file_or_a_line_at_a_time():
    root = Path(__file__).resolve().parents[2]
    writers = set()
    for source in (path for room in ROOMS for path in (root / room).rglob("*.py")):
        tree = ast.parse(source.read_text())
        if any(isinstance(node, ast.Call) and writes_by_itself(node) for node in ast.walk(tree)):
            writers.add(source.relative_to(root).as_posix())
    assert writers == APPENDED | PIPES


def test_a_policy_that_cannot_be_written_leaves_the_old_one(tmp_path):
    place = tmp_path / "policy.json"
    policy = lt.Policy(lt.load_game("kuhn_poker"), {"0": {0: 1.0}})
    policy.save(place)
    before = place.read_bytes()
    place.chmod(0o600)
    broken = lt.Policy(lt.load_game("kuhn_poker"), {"0": {0: 1.0}})
    broken.table["0"] = {0: object()}  # no JSON
    with pytest.raises(TypeError):
        broken.save(place)
    assert place.read_bytes() == before
    with pytest.raises(lt.ParameterError, match="cannot be written"):
        policy.save(tmp_path / "nowhere" / "policy.json")


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
