"""Source is read whatever else goes on in the process."""

import ast
import gc

import pytest
from holdfast.source import parsed

DEEP = "x = " + "(" * 40 + "1" + " + 1)" * 40 + "\n"


class ParsesAtItsEnd:
    """Garbage whose finaliser parses, as one does whose failure is shown with its source."""

    ended = 0

    def __init__(self):
        self.itself = self

    def __del__(self):
        ast.parse("a.b.c(1, [2])")
        type(self).ended += 1
        if type(self).ended < 1000:
            ParsesAtItsEnd()


@pytest.fixture
def eager_collection():
    was, collected = gc.get_threshold(), gc.isenabled()
    ParsesAtItsEnd()
    gc.enable()
    gc.set_threshold(1)
    yield
    gc.set_threshold(*was)
    ParsesAtItsEnd.ended = 1000
    (gc.enable if collected else gc.disable)()


def test_a_tree_is_built_while_garbage_that_parses_is_around(eager_collection):
    bodies = [len(parsed(DEEP * 50).body) for _ in range(20)]

    assert bodies == [50] * 20
    assert gc.isenabled()


def test_collection_stays_off_for_one_who_turned_it_off(eager_collection):
    gc.disable()

    parsed("1")

    assert not gc.isenabled()
