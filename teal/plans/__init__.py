"""What an update will do, in one word and why: before it does anything, from what is declared and what is live."""
