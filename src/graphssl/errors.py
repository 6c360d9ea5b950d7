"""Errors that a user can mend: each message is one line and names the argument and the value."""


class GraphSSLError(Exception):
    """Base of every expected error; the command line prints it as one line without traceback."""


class ConfigError(GraphSSLError, ValueError):
    """An argument has a value that cannot work."""


class DataError(GraphSSLError):
    """A graph or a file of it is missing, corrupted or does not fit what is asked of it."""


class TrainingError(GraphSSLError):
    """Training cannot go on: loss not finite, out of memory."""


class NotFiniteError(TrainingError):
    """What is to be measured is not finite, or not to be told from overflow and rounding."""


class RunBusyError(GraphSSLError):
    """Another process is making this run, and ``collision=skip`` says not to wait for it."""
