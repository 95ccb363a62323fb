class Refused(Exception):
    """A file or a model that cannot be used; the text is one line."""
