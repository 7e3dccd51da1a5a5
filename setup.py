"""The compiled modules. Everything else about the package is in pyproject.toml."""

import copy
import os
import sys
from glob import glob

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# No contraction of a * b + c into one rounding: results stay the same on every machine, and equal
# to the pure-Python twins in the tests.
FLAGS = ["/O2"] if sys.platform == "win32" else ["-std=c11", "-O3", "-g0", "-ffp-contract=off", "-fno-math-errno"]

# `make sanitize` builds with "address,undefined" and with "thread".
if SANITIZE := os.environ.get("LONGTHINK_SANITIZE"):
    FLAGS += ["-O1", "-g1", "-fno-omit-frame-pointer", f"-fsanitize={SANITIZE}", "-fno-sanitize-recover=undefined"]

SOURCES = {
    "longthink.games.core": ["games/core.pyx", *sorted(glob("csrc/games/*.c")), *sorted(glob("csrc/go/*.c"))],
    "longthink.search.core": ["search/core.pyx", *sorted(glob("csrc/search/*.c")), *sorted(glob("csrc/regret/*.c"))],
}


def packages():
    """Every folder with an `__init__.py`; `api` is the package itself."""
    for file in sorted(glob("*/**/__init__.py", recursive=True)):
        top, *rest = os.path.dirname(file).split(os.sep)
        if top in ("api", "games", "search", "bridge", "benchmarks"):
            yield ".".join(["longthink", *([] if top == "api" else [top]), *rest])


class SideBySide(build_ext):
    """Builds the modules on all processors. Each has object files of its own, for some share a source."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extension(self, ext):
        own = copy.copy(self)
        own.build_temp = os.path.join(self.build_temp, ext.name)
        super(SideBySide, own).build_extension(ext)


setup(
    packages=list(packages()),
    cmdclass={"build_ext": SideBySide},
    ext_modules=cythonize(
        [
            Extension(
                name,
                sources,
                depends=glob("csrc/**/*.h", recursive=True),
                include_dirs=["csrc", numpy.get_include()],
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
                extra_compile_args=FLAGS,
                extra_link_args=[f"-fsanitize={SANITIZE}"] if SANITIZE else [],
            )
            for name, sources in SOURCES.items()
        ],
        include_path=glob("csrc/*"),
        build_dir="build",
        nthreads=os.cpu_count(),
        compiler_directives={"language_level": 3},
    ),
)
