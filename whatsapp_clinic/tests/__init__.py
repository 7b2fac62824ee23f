from .messaging import test_round_trip
