"""So many requests a minute for a person and a login, in memory that is bounded."""

import pytest
from chassis.problems import Problem
from chassis.quotas import Quota, Quotas


def test_a_quota_is_there_at_once_and_no_more_than_that():
    quota = Quota("person", 10)

    standings = [quota.take("usr_1") for _ in range(40)]

    assert 10 <= [each.limited for each in standings].count(False) <= 11
    assert standings[0].left == 9
    assert not quota.take("usr_2").limited


def test_who_is_refused_is_told_when_to_come_again_and_what_the_policies_are():
    both = Quotas(2, 1)
    both.take("usr_1", "ses_1")

    with pytest.raises(Problem) as refused:
        both.take("usr_1", "ses_1")

    problem = refused.value
    assert (problem.status, problem.code, problem.retryable) == (429, "too_many_requests", True)
    assert problem.params["most"] == "1"
    assert 1 <= int(problem.headers["Retry-After"]) <= 60
    assert problem.headers["ratelimit-policy"] == '"person";q=2;w=60, "login";q=1;w=60'
    assert '"login";r=0;' in problem.headers["ratelimit"]


def test_who_asked_longest_ago_is_forgotten_so_that_memory_is_bounded():
    quota = Quota("person", 1, most_known=100)
    for number in range(101):
        quota.take(f"usr_{number}")

    assert quota.take("usr_100").limited
    assert not quota.take("usr_0").limited
