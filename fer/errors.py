"""Errors that a person can mend: each message says what is wrong, where, and what to do."""


class FerError(Exception):
    """Anything the user can mend. Commands print the message alone, without a traceback."""


class ConfigError(FerError):
    """A setting has a value that cannot work."""


class DataError(FerError):
    """A data set is missing, damaged or not what it claims to be."""


class RunError(FerError):
    """A run folder or a checkpoint cannot be used."""
