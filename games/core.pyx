"""The compiled core of `longthink.games`: `Game`, `State`, and compiled code of single games.

One extension module. Its parts are the included files; each wraps C code of csrc/ and names it in its first lines.
"""

import operator
from collections import OrderedDict
from hashlib import blake2b
from threading import get_ident

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport PyObject
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcmp, memcpy

from connect_four_solver cimport *
from hex_solver cimport *
from game cimport *
from go cimport *
from go_playouts cimport *

from longthink.errors import GameError, IllegalActionError, LongthinkError, NotPicklableError, ParameterError
from longthink.games.text import Text
from longthink.validation import real_number, seed_number, shown, whole_number

include "game.pxi"
include "state.pxi"
include "knowledge.pxi"
include "adapters/objects.pxi"
include "go/board.pxi"
include "go/playouts.pxi"
include "connect_four_solver.pxi"
include "hex_solver.pxi"
