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
    "longthink.games.go.board": ["games/go/board.pyx"],
    "longthink.games.go.playouts": ["games/go/playouts.pyx", "csrc/go/playouts.c"],
    "longthink.games.knowledge": ["games/knowledge.pyx"],
    "longthink.games.adapters.objects": ["games/adapters/objects.pyx"],
    "longthink.search.trees.tree": [
        "search/trees/tree.pyx",
        "csrc/search/arena.c",
        "csrc/search/tree.c",
        "csrc/search/roots.c",
    ],
    "longthink.search.trees.graph": ["search/trees/graph.pyx", "csrc/search/graph.c"],
    "longthink.search.watch": ["search/watch.pyx"],
    "longthink.search.regret.cfr": [
        "search/regret/cfr.pyx",
        "csrc/regret/game_tree.c",
        "csrc/regret/game_tree_layout.c",
        "csrc/regret/hands.c",
        "csrc/regret/cfr.c",
    ],
    "longthink.search.regret.mccfr": ["search/regret/mccfr.pyx", "csrc/regret/mccfr.c"],
    "longthink.benchmarks.peers.connect_four_solver": [
        "benchmarks/peers/connect_four_solver.pyx",
        "csrc/games/connect_four_solver.c",
    ],
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
