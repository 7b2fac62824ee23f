"""The words that several rooms share, one table each; no room is imported here.

A row has all that belongs to its word, so that nobody has to know a second list. A room
or an addon that brings words of its own adds a table like these, and `selection_add`.
"""
