from .consent import test_consent
from .inbox import test_merge
from .messaging import (
    test_alarm,
    test_channel,
    test_counters,
    test_dispatcher,
    test_error_policy,
    test_gate,
    test_limits,
    test_properties,
    test_retention,
    test_round_trip,
    test_template,
    test_webhook,
)
from .scheduling import test_appointment
from .security import test_access
from .views import (
    test_demo,
    test_menus,
    test_tours,
    test_translations,
    test_views,
)
