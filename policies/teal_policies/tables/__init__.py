"""The policies by subject: their names, reasons, settings and rules, and what these judge."""
