"""The same scenarios on the embedded engine and on Pulumi's own: what is done, said and kept has to be the same."""
