"""What is worth no second try. The database's own errors, which may be, come as SQLAlchemy raises them."""


class RefusedError(Exception):
    """What was asked for would be wrong, now and later, or the schema is not what the migrations say."""
