"""Labels, annotations and tags: all by which what a stack makes is known in a cluster and in AWS. No I/O."""

COLOUR_LABEL = "teal/colour"
"""Label of every object that belongs to one colour, and key of the active Service's selector."""

NAME_LABEL = "app.kubernetes.io/name"
"""Label that holds the service's name (Kubernetes' recommended labels)."""

VERSION_LABEL = "app.kubernetes.io/version"
"""Label that holds a slot's version (Kubernetes' recommended labels)."""

PART_OF_LABEL = "app.kubernetes.io/part-of"
PART_OF = "teal"
"""Label of everything that a stack makes."""

COMPONENT_LABEL = "app.kubernetes.io/component"
"""Label of pods that are not the service's own, and of what a worker has: what they are for (Kubernetes' recommended
labels)."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
"""Label that says who writes an object (Kubernetes' recommended labels)."""

MANAGED_BY = "pulumi"
"""Value of that label on what the program declares."""

ZONE_LABEL = "topology.kubernetes.io/zone"
"""Label that Kubernetes copies from node to pod (PodTopologyLabelsAdmission); empty where it does not."""

MOVED_FROM = "teal/moved-from"
"""Annotation of an active Service: the colour that was live before the last move, and the resource version then."""

ADOPTED = "teal/adopted"
"""Annotation of an active Service: a colour whose pods the stack did not make, and the labels by which they are found,
as JSON."""

KEPT = "teal/kept"
"""Annotation of a namespace that a stack made, and that is to stay when the stack declares it no more."""

ACTIVE = "teal/active"
"""Tag or annotation of what splits traffic by weights: the colour that is live, whatever share the other one has."""

DIGEST = "teal/slot-digest"
"""Annotation of a Deployment: SHA-256 of what the slot was declared to be. It tells a changed slot from an unchanged
one, and is what a person approves."""

PARTS = "teal/slot-parts"
"""Annotation: the same part by part, and what its traffic goes through, as JSON."""

DEPLOYED_AT = "teal/deployed-at"
"""Annotation: when this slot's content last changed, RFC 3339. Reaches pods as DEPLOYMENT_TIMESTAMP."""

STOPPED_AT = "teal/stopped-at"
"""Annotation: when a worker's idle colour was last found to have pods, and asked to end them, RFC 3339."""

STARTED_AT = "teal/started-at"
"""Annotation: when a colour was last found without pods that the watch had ended, and asked to have some, RFC 3339."""

FLOOR = "teal/floor"
"""Annotation: pods that a flip asked for beyond the minimum, and when, as `8@2026-01-01T00:00:00+00:00`."""

OF_SERVICE = "teal/service"
"""Tag of everything in AWS that is of one service."""

ROLE = "teal/role"
"""Tag of a listener rule: what it is for."""

LIVE = "live"
"""Role of the rule whose weights are a service's live traffic."""

ORDER = "teal/order"
"""Beside the tags that are read of a rule: its forward's order, by which the program makes a write a change."""
