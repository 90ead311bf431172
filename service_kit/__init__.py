"""The ground both services stand on.

A file lives here only if both services use it today and it knows no user and no document.
It raises errors and renders none: each service answers in its own format.
"""
