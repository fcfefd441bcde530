"""`teal check` is held to what it says of a colour."""
