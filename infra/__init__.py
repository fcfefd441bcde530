"""The Pulumi program: what exists. Reads config, declares resources, binds the proof to the traffic."""
