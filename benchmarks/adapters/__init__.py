"""What the programs ask of the addon by names that differ from tree to tree.

A module for each tree, all with the same functions; `odoo shell` runs them.
"""
