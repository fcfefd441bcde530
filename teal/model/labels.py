"""The labels, annotations and tags that mark what a stack makes in a cluster and in AWS. No I/O."""

COLOUR_LABEL = "teal/colour"
"""The label of every object that belongs to one colour, and the key of the active Service's selector."""

NAME_LABEL = "app.kubernetes.io/name"
"""The label with the service's name (one of Kubernetes' recommended labels)."""

VERSION_LABEL = "app.kubernetes.io/version"
"""The label with a slot's version (one of Kubernetes' recommended labels)."""

SHOWN_VERSION = "teal/version"
"""The label with a Deployment's or CronJob's version, for people: `kubectl get deploy -L teal/colour,teal/version`."""

PART_OF_LABEL = "app.kubernetes.io/part-of"
PART_OF = "teal"
"""The value of the label `part-of` on everything that a stack makes."""

COMPONENT_LABEL = "app.kubernetes.io/component"
"""The label with the purpose of pods that are not the service's own, and of what a worker has (one of Kubernetes'
recommended labels)."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
"""The label that names who writes an object (one of Kubernetes' recommended labels)."""

MANAGED_BY = "pulumi"
"""The value of that label on what the program declares."""

ZONE_LABEL = "topology.kubernetes.io/zone"
"""The label with a node's zone. Kubernetes copies it to the node's pods; where that is switched off
(PodTopologyLabelsAdmission), they lack it."""

MOVED_FROM = "teal/moved-from"
"""An annotation of an active Service: the colour that was live before the last move, and the resource version then."""

ADOPTED = "teal/adopted"
"""An annotation of an active Service: a colour whose pods the stack did not make, and the labels that find them, as
JSON."""

KEPT = "teal/kept"
"""An annotation of a namespace that a stack made, and that stays when the stack no longer declares it."""

STACK = "teal/stack"
"""An annotation of the record of the confirmed colour: the stack that wrote it first, as organisation/project/stack."""

ACTIVE = "teal/active"
"""A tag or annotation of what splits traffic by weights: the live colour, whatever share the other one has."""

DIGEST = "teal/slot-digest"
"""An annotation of a Deployment: the SHA-256 of what the slot was declared to be. It tells a changed slot from an
unchanged one, and it is what a person approves."""

PARTS = "teal/slot-parts"
"""An annotation: the same part by part, with what the slot's traffic goes through, as JSON."""

REVISION = "deployment.kubernetes.io/revision"
"""An annotation that Kubernetes itself writes: how often the template of a Deployment's pods has changed."""

DEPLOYED_AT = "teal/deployed-at"
"""An annotation: when the slot's content last changed, in RFC 3339. Pods get it as DEPLOYMENT_TIMESTAMP."""

STOPPED_AT = "teal/stopped-at"
"""An annotation: when a worker's idle colour last had pods, which were then asked to end, in RFC 3339."""

STARTED_AT = "teal/started-at"
"""An annotation: when an update last started the pods of a colour that the watch had ended, in RFC 3339."""

FLOOR = "teal/floor"
"""An annotation: the pods that a flip asked for beyond the minimum, and when, as `8@2026-01-01T00:00:00+00:00`."""

OF_SERVICE = "teal/service"
"""The tag with the service of everything in AWS that belongs to one."""

ROLE = "teal/role"
"""The tag with the purpose of a listener rule."""

LIVE = "live"
"""The role of the rule whose weights direct a service's live traffic."""

ORDER = "teal/order"
"""The key, beside a rule's tags, of the order of the rule's forward action. Another order makes an engine write it."""
