"""Prints the pack as a page: `python -m teal_policies.page > docs/policies.md`. A unit test compares the page."""

import json
import sys

from teal_policies.model import Policy, ResourcePolicy
from teal_policies.table import POLICIES

HEAD = """# Policies

What the pack in `policies/` refuses, on `preview` and on `up`, made from it (`python -m teal_policies.page`):

```console
$ pulumi preview --policy-pack policies
$ pulumi up --policy-pack policies --policy-pack-config policies.json
```

A mandatory policy that is violated stops the update; each message names the resource, the value seen, the bound and
what to do. Policies judge each resource before it is touched, and the plan (`teal:index:Plan`, registered before
everything else) first; those of the whole stack judge at the end of the preview. So let `up` make its preview, or make
one before: with `--skip-preview`, Pulumi judges the stack as a whole only when everything is done, deletions included.

**What a preview cannot know.** Some values exist only after an update (a new target group's ARN). A policy that needs
one says, as advice, that it cannot be judged during preview, and judges it in the update; policies about live traffic
refuse instead. A rule that does not understand what it reads refuses, too.

**What an analyzer cannot see.** It is sent what is declared, not what is there, and nothing of what is deleted. So what
is live comes from the plan, which the program reads from the cluster; what must stay is looked for among what is
declared; and whether a declaration would replace an object is told by what an engine and the API server go by.

**Settings** are JSON, by policy; what is left out keeps its default. `"all"` sets the level of all policies. A setting
that a policy does not have is refused. If the name of a policy is misspelt, Pulumi ignores its level; with settings
and no level it fails with `invalid enforcement level ""`.

```json
{
  "images-are-pinned": {"exemptStacks": ["sandbox", "dev-*"]},
  "egress-is-named": {"enforcementLevel": "advisory", "everywhere": ["backend-network"]},
  "aws-is-tagged": "disabled"
}
```

| policy | level | reason |
| --- | --- | --- |
"""


def page() -> str:
    """Return the whole page as Markdown."""
    rows = "".join(f"| [`{each.name}`](#{each.name}) | {each.level} | {each.reason} |\n" for each in POLICIES)
    return HEAD + rows + "".join(_section(each) for each in POLICIES)


def _section(policy: Policy) -> str:
    whom = "each resource" if isinstance(policy, ResourcePolicy) else "the stack as a whole, by its resources"
    listed = ", ".join(f"`{its}`" for its in policy.types)
    types = f"It judges {whom} of these types: {listed}." if listed else f"It judges {whom}."
    unknown = " A value that no preview can know is a violation." if policy.unknown == "refuse" else ""
    settings = "".join(
        f"| `{key}` | {schema['type']} | `{json.dumps(schema['default']).replace('|', chr(92) + '|')}` "
        f"| {schema['description']} |\n"
        for key, schema in policy.bounds.items()
    )
    table = f"\n| setting | type | default | |\n| --- | --- | --- | --- |\n{settings}" if settings else ""
    return f"\n## {policy.name}\n\n{policy.reason}\n\n{policy.page}\n\n{types}{unknown}\n{table}"


if __name__ == "__main__":
    sys.stdout.write(page())
