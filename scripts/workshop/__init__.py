"""What the project's scripts share: where things lie, how they are set up and started.

Standard library only, because it runs before anything is installed.
"""
