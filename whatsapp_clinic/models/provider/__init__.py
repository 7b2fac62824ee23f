"""The door to the messengers: who speaks to them, and how fast."""

from . import provider
