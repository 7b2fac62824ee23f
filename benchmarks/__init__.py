"""Programs that measure, beside the peers they are measured against.

One module per program; each names its metrics, their units and what is to be reached.
"""
