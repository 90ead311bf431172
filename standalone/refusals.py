"""Why a run cannot start or go on, in one sentence with its cure."""


class CannotStart(Exception):
    """The system cannot be started; the text says why and what to do."""


class ServiceDied(Exception):
    """A part that ought to run has ended by itself; the text says which."""
