"""Run as the last of every test run, over the logs of all tests before it."""

from workshop import log_scan


def test_no_log_holds_a_number_a_text_a_message_id_or_a_token():
    assert log_scan.findings(log_scan.files_of_the_test_run()) == []
