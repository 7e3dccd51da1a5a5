"""Only one thread at a time may use an object; a forked process makes its own threads."""

import os
import threading

import pytest

from longthink.concurrency import ExclusiveUse, ForkSafePool
from longthink.errors import ConcurrentUseError


def test_a_second_thread_is_refused_and_the_same_may_enter_again():
    exclusive, errors = ExclusiveUse("this MCTS"), []

    def other():
        try:
            with exclusive:
                pass
        except ConcurrentUseError as error:
            errors.append(str(error))

    def run_other():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    with exclusive, exclusive:
        run_other()
    assert len(errors) == 1
    assert "this MCTS is in use by another thread" in errors[0]
    run_other()
    assert len(errors) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_pool_works_in_a_forked_process():
    pool = ForkSafePool(2, "test")
    assert pool.submit(int, 5).result() == 5
    child = os.fork()
    if child == 0:
        os._exit(pool.submit(int, 6).result(timeout=20))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 6
