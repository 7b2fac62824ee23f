"""What to do about every error code."""

import pytest

from whatsapp_clinic.cloud_api.errors import (
    NO_CODE,
    Action,
    CloudApiError,
    ConnectionFailed,
    OutcomeUnknown,
    policy,
)

# Which codes are worth another try, as the project's reference classifies them.
SOON = (1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133004, 2494100)
LATER = (
    *(368, 131031, 131037, 131042, 131045, 131048, 131049, 131064, 132015, 132069),
    *(133000, 133008, 133009, 133015, 133016, 134011, 134101, 134102),
)
NEVER = (
    *(0, 3, 10, 33, 100, 190, 200, 299, 130403, 130472, 130497, 131005, 131008),
    *(131009, 131020, 131021, 131026, 131030, 131041, 131047, 131050, 131051, 131052),
    *(131053, 131055, 131059, 131061, 131062, 131063, 131201, 131207, 132000, 132001),
    *(132005, 132007, 132012, 132016, 132018, 132068, 133005, 133006, 133010, 134100),
    *(135000, 136024, 137000, 138000, 139100, 139103, 147001, 147005, 2593107),
    *(2593108, 102, 506, 803, 1609005, 2500),
)
CHANNEL = (
    *(0, 3, 10, 33, 190, 200, 250, 299, 368, 131005, 131031, 131037, 131042, 131045),
    *(131048, 131057, 133010),
)


@pytest.mark.parametrize("code", [*SOON, *LATER, *NEVER, 17, 341, 613, 80008, 131208])
def test_every_documented_code_has_a_title_and_a_cure(code):
    known = policy(code)
    assert known.title not in ("Unknown error", "Temporary error")
    assert known.cure.endswith(".")


@pytest.mark.parametrize("code", SOON)
def test_a_temporary_error_is_tried_again_within_a_minute(code):
    assert policy(code).allows_another(1)
    assert policy(code).delay(1, lambda: 0.0) <= 60


@pytest.mark.parametrize("code", LATER)
def test_an_error_that_takes_time_to_mend_is_tried_again_later(code):
    assert policy(code).allows_another(1)
    assert policy(code).delay(1, lambda: 0.0) >= 300


@pytest.mark.parametrize("code", NEVER)
def test_a_message_with_a_lasting_error_is_not_tried_again_soon(code):
    lasting = policy(code)
    assert not lasting.allows_another(1) or (
        lasting.action is Action.HOLD_CHANNEL and lasting.first_delay >= 3600
    )


@pytest.mark.parametrize("code", CHANNEL)
def test_trouble_of_the_whole_channel_holds_the_channel(code):
    assert policy(code).action is Action.HOLD_CHANNEL
    assert policy(code).allows_another(1000)


def test_an_object_that_does_not_exist_is_trouble_of_the_channel():
    assert policy(100, 400, 33).action is Action.HOLD_CHANNEL
    assert policy(100, 400, 2388299).action is Action.GIVE_UP


def test_too_many_messages_to_one_recipient_hold_only_this_recipient():
    pair = policy(131056)
    assert pair.action is Action.HOLD_RECIPIENT
    assert [pair.delay(attempt, lambda: 0.0) for attempt in (1, 2, 3)] == [4, 16, 64]


def test_the_rate_of_a_number_delays_the_message_for_a_moment():
    assert policy(130429).action is Action.RETRY
    assert policy(130429).delay(1, lambda: 0.0) == 1


def test_a_message_held_back_by_whatsapp_is_tried_once_more_after_a_day():
    held_back = policy(131049)
    assert held_back.delay(1, lambda: 0.0) >= 24 * 3600
    assert held_back.allows_another(1)
    assert not held_back.allows_another(2)


def test_a_patient_who_stopped_marketing_is_an_opt_out():
    assert policy(131050).action is Action.OPT_OUT
    assert not policy(131050).allows_another(1)


@pytest.mark.parametrize(
    ("http_status", "action"),
    [
        (400, Action.GIVE_UP),
        (403, Action.GIVE_UP),
        (404, Action.GIVE_UP),
        (None, Action.GIVE_UP),
        (401, Action.HOLD_CHANNEL),
        (429, Action.RETRY),
        (500, Action.RETRY),
        (503, Action.RETRY),
    ],
)
def test_an_unknown_code_is_judged_by_the_http_status(http_status, action):
    assert policy(999999, http_status).action is action


@pytest.mark.parametrize("http_status", [302, 401, 403, 404, 407])
def test_an_answer_of_something_else_than_whatsapp_holds_the_channel(http_status):
    assert policy(NO_CODE, http_status).action is Action.HOLD_CHANNEL


def test_the_http_status_does_not_overrule_a_known_code():
    assert policy(131009, 500).action is Action.GIVE_UP


def test_waits_grow_and_have_an_end():
    service = policy(2)
    waits = [service.delay(attempt, lambda: 0.0) for attempt in range(1, 100)]
    assert waits[:3] == [5, 10, 20]
    assert waits == sorted(waits)
    assert waits[-1] == 6 * 3600


def test_jitter_only_lengthens_a_wait():
    assert policy(2).delay(1, lambda: 0.0) == 5
    assert policy(2).delay(1, lambda: 0.5) == pytest.approx(5 * 1.125)


def test_an_error_knows_its_policy():
    assert CloudApiError(131050, http_status=400).policy is policy(131050)


def test_the_text_of_an_error_holds_only_codes():
    error = CloudApiError(
        131009,
        http_status=400,
        title="to +905321110001",
        details="Yarın",
        fbtrace_id="Atrace",
    )
    assert str(error) == "code 131009, HTTP 400, fbtrace_id Atrace"
    assert "905321110001" not in repr(error)


def test_failures_are_told_apart():
    kinds = (CloudApiError, ConnectionFailed, OutcomeUnknown)
    for kind in kinds:
        assert not [
            other for other in kinds if other is not kind and issubclass(kind, other)
        ]
