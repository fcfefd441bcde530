"""Policies on rights, network access, secrets in plain text, and labels and tags."""

from collections.abc import Sequence

from teal.model.labels import MANAGED_BY_LABEL, NAME_LABEL, PART_OF_LABEL, VERSION_LABEL
from teal_policies import kinds
from teal_policies.model import Policy, ResourcePolicy, StackPolicy
from teal_policies.rules import labels, network, plain, rights
from teal_policies.tables.schemas import texts

ON_ACCESS: Sequence[Policy] = (
    StackPolicy(
        name="network-denies-by-default",
        reason="A network policy denies the namespace's pods what no other one allows, both ways.",
        page="It selects all pods of the stack's namespace, those of services listed in `writtenElsewhere` excepted; "
        "in a namespace that the stack does not make, all of its own pods.",
        types=[kinds.NETWORK_POLICY],
        rules=[network.denied_by_default],
        bounds={
            "writtenElsewhere": texts(f"Names of pods (`{NAME_LABEL}`) whose policies others write."),
        },
        required=False,
    ),
    ResourcePolicy(
        name="egress-is-named",
        reason="No network policy lets pods connect to every address.",
        page="It refuses `0.0.0.0/0` and `::/0`, in one piece or in several, and rules that name nobody.",
        types=[kinds.NETWORK_POLICY],
        rules=[network.egress_is_named],
        bounds={
            "everywhere": texts("Logical names of network policies that may: `backend-network`, for instance."),
        },
        required=False,
    ),
    ResourcePolicy(
        name="rights-are-narrow",
        reason="Roles name what they allow: no wildcards, no secrets, nothing that leads to more.",
        page="The ways to more rights are those of Kubernetes' RBAC good practices. Bindings name accounts, and none "
        "of the roles that may do everything.",
        types=[*kinds.ROLES, *kinds.BINDINGS],
        rules=[rights.narrow, rights.bound_to_few],
        bounds={"exempt": texts("Logical names of roles and bindings not judged.")},
    ),
    ResourcePolicy(
        name="secrets-are-sealed",
        reason="No secret stands in a variable, an argument, a header or a ConfigMap.",
        page="A secret is known by its name (of an argument: its option's), or by a value of a known form: a key in "
        "PEM, a URL with a password, a token of a well-known issuer. Messages name the variable and never its value.",
        types=[*kinds.POD_TEMPLATES, kinds.CONFIG_MAP],
        rules=[plain.no_plain_secret],
        bounds={
            "names": {
                "type": "string",
                "default": plain.NAMES,
                "description": "Regular expression for names that a secret has.",
            },
            "values": texts("Regular expressions for values that are one.", *plain.VALUES),
            "allowed": texts("Names that look like a secret's and are none."),
        },
    ),
    StackPolicy(
        name="objects-are-labelled",
        reason="Every Kubernetes object carries the recommended labels.",
        page="One selector then finds all of a stack. What belongs to a colour says of which service it is, and what "
        "runs pods says of which release.",
        rules=[labels.labelled],
        bounds={
            "labels": texts("The labels that every object has.", PART_OF_LABEL),
            "colouredLabels": texts("Further labels of every object of a colour.", NAME_LABEL, MANAGED_BY_LABEL),
            "releaseLabels": texts("Further labels of every object that runs pods of a colour.", VERSION_LABEL),
        },
    ),
    StackPolicy(
        name="aws-is-tagged",
        reason="Everything in AWS that can be is tagged as the stack's.",
        page="The tags may be a resource's own, or the default tags of its provider.",
        types=[*kinds.LOAD_BALANCING],
        rules=[labels.tagged],
        bounds={"tags": texts("The keys of the tags that everything has.", PART_OF_LABEL)},
        required=False,
    ),
)
