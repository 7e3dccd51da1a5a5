"""Clocks: the time left, and how long to think."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import longthink as lt
from longthink.search.in_play.time_control import Allowance, Clock, TimeControl
from longthink.search.trees.early_stop import decided


def test_no_limit() -> None:
    clock = Clock()
    clock.spend(1e6)
    assert clock.seconds_for_move(30) is None
    assert not clock.expired


def test_sudden_death_shares_the_time_out() -> None:
    clock = Clock(TimeControl(60), margin=0.1)
    assert clock.seconds_for_move(30) == pytest.approx(1.9)
    clock.spend(59.95)
    assert 0 < (clock.seconds_for_move(30) or 0) < 0.05
    clock.spend(0.05)
    assert clock.expired
    assert clock.seconds_for_move(30) == 0


def test_an_increment_is_used_up() -> None:
    clock = Clock(TimeControl(10, increment=5), margin=0)
    assert clock.seconds_for_move(10) == 6
    clock.spend(6)
    assert clock.main == 9
    clock.spend(20)
    assert clock.expired


def test_japanese_byo_yomi() -> None:
    clock = Clock(TimeControl(10, period_time=30, periods=3), margin=0.5)
    clock.spend(25)  # 15 s of the first period, which begins anew after the move
    assert (clock.main, clock.period, clock.periods) == (0, 30, 3)
    assert clock.seconds_for_move(50) == 29.5
    clock.spend(65)  # two periods lost
    assert (clock.period, clock.periods) == (30, 1)
    clock.spend(31)
    assert clock.expired
    clock.set(12, 2)
    assert (clock.period, clock.periods, clock.moves) == (12, 2, 1)


def test_canadian_overtime() -> None:
    clock = Clock(TimeControl(0, period_time=100, period_moves=5, periods=1), margin=0)
    assert clock.seconds_for_move(50) == 20
    clock.spend(60)
    assert clock.seconds_for_move(50) == 10
    for _ in range(4):
        clock.spend(10)
    assert (clock.period, clock.moves) == (100, 5)  # five moves were made in time
    clock.set(7, 1)
    assert clock.seconds_for_move(50) == 7
    clock.set(90, 0)
    assert clock.main == 90


@given(
    st.just(0.0) | st.floats(1e-6, 1e4), st.floats(0, 100), st.floats(0, 100), st.integers(1, 30), st.integers(0, 5),
    st.lists(st.floats(0, 200), max_size=40), st.floats(1, 300),
)  # fmt: skip
def test_a_player_who_keeps_to_it_never_loses_on_time(
    main: float, increment: float, period: float, moves: int, periods: int, lags: list[float], left: float
) -> None:
    """Thinking for exactly the given time never uses all of it; no lag makes a time negative."""
    control = TimeControl(main, increment, period, moves, periods)
    clock = Clock(control)
    if main > 0:
        for _ in range(50):
            seconds = clock.seconds_for_move(left)
            assert seconds is not None
            clock.spend(seconds)
            assert not clock.expired
    clock = Clock(control)
    for lag in lags:
        clock.spend(lag)
        assert min(clock.main, clock.period, clock.periods) >= 0
        assert (clock.seconds_for_move(left) or 0) >= 0


@pytest.mark.parametrize("wrong", [{"main_time": -1}, {"increment": math.nan}, {"period_moves": 0}, {"periods": -1}])
def test_refusals(wrong: dict[str, float]) -> None:
    with pytest.raises(lt.ParameterError, match=next(iter(wrong))):
        TimeControl(**wrong)  # type: ignore[arg-type]
    with pytest.raises(lt.ParameterError, match="moves"):
        Clock(TimeControl(10)).set(1, -1)


def test_decided() -> None:
    assert decided([3, 50, 20], 29)
    assert not decided([3, 50, 20], 30)
    assert decided([5], 1e9)
    assert not decided([], 0)


def test_an_allowance_comes_to_its_mean() -> None:
    allowance = Allowance(0.1)
    offered = []
    for _ in range(26):
        usual, most = allowance.seconds_for_move()
        assert most > usual > 0
        offered.append(usual)
        allowance.spend(usual)
    assert offered == sorted(offered, reverse=True)  # the first moves get the most
    assert offered[0] > 0.2 > 0.1 > offered[-1]
    assert allowance.spent / allowance.moves == pytest.approx(0.1, rel=0.1)
    _, before = allowance.seconds_for_move()
    allowance.spend(0)  # what an easy move leaves is there for the next one
    assert allowance.seconds_for_move()[1] > before
    allowance.spend(100)
    assert allowance.seconds_for_move()[0] == pytest.approx(0.025)
    for mean in (0, -1, math.inf):
        with pytest.raises(lt.ParameterError, match="positive"):
            Allowance(mean)
