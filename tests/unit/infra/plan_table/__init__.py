"""What a change of the config comes to, in a word and with its reasons: the rows, by what becomes of traffic."""
