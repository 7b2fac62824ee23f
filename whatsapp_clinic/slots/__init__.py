"""When somebody can come: free time of people and rooms, in plain Python.

``grid`` makes time a row of steps and a set of steps one integer; ``working_time`` puts
hours of a week there by a wall clock; ``search`` finds where a visit can begin, and
``obstacles`` says of any moment why it cannot. All moments are naive and in UTC.
"""

from .grid import STEP, Grid, Span
from .obstacles import Block, Obstacle, Reason, obstacles
from .search import Diary, Offer, Session, Visit, World, lost_minutes
from .working_time import Hours, day_spans, moment, wall_steps, week_of, working_steps

__all__ = [
    "STEP",
    "Block",
    "Diary",
    "Grid",
    "Hours",
    "Obstacle",
    "Offer",
    "Reason",
    "Session",
    "Span",
    "Visit",
    "World",
    "day_spans",
    "lost_minutes",
    "moment",
    "obstacles",
    "wall_steps",
    "week_of",
    "working_steps",
]
