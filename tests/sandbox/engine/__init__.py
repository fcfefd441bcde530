"""The engine itself and the language host: a tiny program in a folder of its own, and no cluster."""
