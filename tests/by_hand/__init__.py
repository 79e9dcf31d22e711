"""Failures that the suite reports, shown again without it: a few lines, real sockets, the client as released.

Each script runs on its own and exits with 2 if the client shows the failure: `python tests/by_hand/NAME.py`.
"""
