"""The compiled core of `longthink.search`: search trees, search graphs, and regret minimisation.

One extension module. Its parts are the included files; each wraps C code of csrc/ and names it in its first lines.
"""

import hashlib
import math
import sys
import time

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
from status cimport *
from tree cimport *
from watch cimport *

from longthink.concurrency import ExclusiveUse, not_picklable
from longthink.errors import ConcurrentUseError, GameError, IllegalActionError, MemoryLimitError, ParameterError
from longthink.search.trees.leaves import Leaves
from longthink.search.trees.rules import Knowledge, Rule
from longthink.validation import shown, whole_number

np.import_array()

_MOST_BYTES = 2**60

include "status.pxi"
include "watch.pxi"
include "trees/tree.pxi"
include "trees/graph.pxi"
include "regret/game_tree.pxi"
include "regret/cfr.pxi"
include "regret/mccfr.pxi"
