"""The watch ends the pods of an idle colour."""
