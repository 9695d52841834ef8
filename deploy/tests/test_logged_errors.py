"""What code under test logs of an error: drawing every variable's value would stop its loop."""

import structlog


def test_an_error_is_logged_without_the_values_of_variables(capsys):
    def fail(carried):
        raise ValueError(f"{len(carried)} things")

    try:
        fail(["kept", "here"] * 2)
    except ValueError as error:
        structlog.get_logger("tests").error("it.failed", exc_info=error)

    shown = capsys.readouterr().out
    assert "ValueError: 4 things" in shown
    assert "carried = " not in shown
    assert "'kept', 'here', 'kept', 'here'" not in shown
