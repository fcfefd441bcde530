"""How a service comes to teal, by the commands of docs/quickstart.md and docs/adoption.md."""
