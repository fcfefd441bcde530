"""The parts of a stack as Pulumi components, and the plain data that they are made of."""
