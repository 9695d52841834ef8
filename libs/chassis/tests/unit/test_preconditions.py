"""Who acts on what they saw names its version; who saw an old one is refused."""

import pytest
from chassis.http.preconditions import etag, require_version, seen_version
from chassis.problems import Problem


@pytest.mark.parametrize("version", [0, 1, 41, 10**17])
def test_the_tag_that_was_given_names_its_version(version):
    assert seen_version(etag(version)) == version


@pytest.mark.parametrize("header", [None, "*"])
def test_no_version_named_is_none(header):
    assert seen_version(header) is None
    require_version(seen_version(header), 3)


@pytest.mark.parametrize("header", ["3", 'W/"3"', '"three"', '"3', '"-1"', '"3", "4"', "", '"٣"'])
def test_what_is_no_tag_of_ours_is_refused(header):
    with pytest.raises(Problem) as caught:
        seen_version(header)

    assert (caught.value.status, caught.value.code) == (400, "if_match_malformed")


def test_who_saw_another_version_is_refused():
    require_version(3, 3)
    for seen in (2, 4):
        with pytest.raises(Problem, match=f"saw version {seen}; it is at version 3") as caught:
            require_version(seen, 3)
        assert caught.value.status == 412
