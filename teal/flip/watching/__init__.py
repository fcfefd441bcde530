"""What a flip is watched by, and what is made of it: who has followed, what was seen, and how a bake judges that."""
