"""Stand-in resource providers: they speak Pulumi's ResourceProvider protocol and do real work.

A real Pulumi engine can load each of them as a plugin; the embedded engine serves them in process. What belongs to
one provider only stays in its own package; what they share (property bags and how
they differ, names, failures, the plugin's main) is here.
"""
