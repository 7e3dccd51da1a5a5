"""The compiled core of `longthink.search`: search trees, search graphs, and regret minimisation.

One extension module. Its parts are the included files; each wraps C code of csrc/ and names it in its first lines.
"""

import dataclasses
import hashlib
import math
import sys
import time
from concurrent.futures import wait

import numpy as np

cimport numpy as np
from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.ref cimport PyObject
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from cfr cimport *
from game cimport *
from graph cimport *
from mccfr cimport *
from tree cimport *
from watch cimport *

from longthink.concurrency import ExclusiveUse, ForkSafePool, exclusively, not_picklable
from longthink.errors import (CheckpointError, ConcurrentUseError, GameError, IllegalActionError, MemoryLimitError,
                              ParameterError, UnknownNameError)
from longthink.search.budget import Spent
from longthink.search.regret import checkpoint as checkpoints
from longthink.search.regret.updates import RegretUpdate
from longthink.search.regret.variants import variant as find_variant
from longthink.search.run import Pace, run
from longthink.search.trees.leaves import Leaves
from longthink.search.trees.result import SearchResult
from longthink.search.trees.rules import PUCT, UCT, Knowledge, RegretMatching, Rule
from longthink.validation import real_number, seed_number, shown, whole_number

np.import_array()

_MOST_BYTES = 2**60

include "watch.pxi"
include "trees/tree.pxi"
include "trees/graph.pxi"
include "regret/cfr.pxi"
include "regret/mccfr.pxi"
