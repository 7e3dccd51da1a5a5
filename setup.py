"""The two compiled modules. Everything else about the package is in pyproject.toml."""

import copy
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from glob import glob
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# -ffp-contract=off: a * b + c is never rounded once instead of twice, so results are the same on every machine, and
# equal to those of the pure-Python twins in the tests. -MMD: the compiler lists the headers of each object.
FLAGS = ["-std=c11", "-O3", "-g0", "-ffp-contract=off", "-fno-math-errno", "-MMD"]
if sys.platform == "win32":
    FLAGS = ["/O2"]

# `make sanitize` builds with "address,undefined" and with "thread".
if SANITIZE := os.environ.get("LONGTHINK_SANITIZE", ""):
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


def up_to_date(made):
    """Whether an object file is newer than its source and its headers; False if the headers are not known."""
    try:
        rule = Path(made).with_suffix(".d").read_text().replace("\\\n", " ")
        return all(os.path.getmtime(file) < os.path.getmtime(made) for file in [__file__, *rule.split()[1:]])
    except OSError:
        return False


class BuildExtensions(build_ext):
    """Compiles each C file once, all of them in parallel, and later only those that changed."""

    def finalize_options(self):
        super().finalize_options()
        # The same for every command, so that an editable install and a wheel share the objects.
        self.build_temp = os.path.join("build", "objects", sys.implementation.cache_tag, SANITIZE)

    def build_extensions(self):
        with ThreadPoolExecutor(self.parallel or os.cpu_count()) as pool:
            self.objects = {ext.name: pool.map(partial(self.compile, ext), ext.sources) for ext in self.extensions}
        super().build_extensions()

    def compile(self, ext, source):
        """Compile a source if it has changed, and return its object file."""
        (made,) = self.compiler.object_filenames([source], output_dir=self.build_temp)
        if self.force or not up_to_date(made):
            self.compiler.compile([source], self.build_temp, ext.define_macros, ext.include_dirs, extra_postargs=FLAGS)
        return made

    def build_extension(self, ext):
        link = copy.copy(ext)
        link.sources, link.extra_objects = [], list(self.objects[ext.name])
        link.depends = link.extra_objects
        super().build_extension(link)


setup(
    packages=list(packages()),
    cmdclass={"build_ext": BuildExtensions},
    ext_modules=cythonize(
        [
            Extension(
                name,
                sources,
                include_dirs=["csrc", numpy.get_include()],
                define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
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
