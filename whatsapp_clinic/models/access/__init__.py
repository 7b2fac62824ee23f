from . import given_ids
