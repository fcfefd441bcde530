"""Pulumi's commands: previews and their plan, the policy pack, options, and bad input."""
