"""The verbs: what they write, what they ask of Pulumi, and what they say."""
