"""moto made as strict as AWS, where AWS refuses what moto takes.

Each limit is the Elastic Load Balancing API reference's. Whatever changes load balancing tells the data path.
"""

from typing import Any, ClassVar, Protocol

from moto.cloudwatch.models import cloudwatch_backends
from moto.ec2.models import ec2_backends
from moto.elbv2.exceptions import DuplicateListenerError, DuplicateLoadBalancerName
from moto.elbv2.models import (
    ELBv2Backend,
    FakeAction,
    FakeHealthStatus,
    FakeListener,
    FakeListenerRule,
    FakeLoadBalancer,
    FakeRule,
    FakeTargetGroup,
    elbv2_backends,
)

from sandbox.aws.balancer import picture
from sandbox.aws.balancer.targets import Key, State, key_of, meant
from sandbox.aws.limits import ATTRIBUTES, HEALTH, NAME_LENGTH, invalid, require_forward, require_health, within
from sandbox.aws.neighbours import StrictAlarms, StrictNetwork


class World(Protocol):
    """What there is beside moto's state."""

    def changed(self) -> None:
        """Load balancing is another than before."""

    def address(self, arn: str) -> str:
        """Where a load balancer listens."""
        ...

    def register(self, group: str, keys: list[Key]) -> None:
        """Targets are to be sent requests."""

    def deregister(self, group: str, keys: list[Key]) -> None:
        """Targets are to be sent no more."""

    def health(self, group: FakeTargetGroup) -> dict[Key, State]:
        """How all targets of a group are, draining ones included."""
        ...


class StrictBalancing(ELBv2Backend):
    """Load balancing."""

    __module__ = ELBv2Backend.__module__  # by which moto finds the paths it serves
    world: ClassVar[World]

    # The signatures are moto's, and so is how many arguments they have.
    def create_load_balancer(  # noqa: PLR0913, PLR0917 - see above
        self,
        name: str,
        security_groups: list[str],
        subnet_ids: list[str],
        subnet_mappings: list[dict[str, str]] | None = None,
        scheme: str = "internet-facing",
        loadbalancer_type: str | None = None,
        ip_address_type: str = "ipv4",
        tags: list[dict[str, str]] | None = None,
    ) -> FakeLoadBalancer:
        """A name of its own, two zones, security groups that exist; where it listens instead of a DNS name."""
        if len(name) > NAME_LENGTH:
            raise invalid(f"The load balancer name '{name}' cannot be longer than '{NAME_LENGTH}' characters")
        if name.startswith("internal-"):
            raise invalid(f"The load balancer name '{name}' cannot begin with 'internal-'")
        if any(balancer.name == name for balancer in self.load_balancers.values()):
            raise DuplicateLoadBalancerName
        for group in security_groups or []:
            if self.ec2_backend.get_security_group_from_id(group) is None:
                raise invalid(f"One or more security groups are invalid: {group}", "InvalidSecurityGroup")
        made = super().create_load_balancer(
            *(name, security_groups, subnet_ids, subnet_mappings),
            *(scheme or "internet-facing", loadbalancer_type, ip_address_type or "ipv4", tags),  # moto passes None on
        )
        zones = {subnet.availability_zone for subnet in made.subnets}
        if made.type == "application" and (len(zones) < 2 or len(zones) < len(made.subnets)):  # noqa: PLR2004 - AWS's rule
            del self.load_balancers[made.arn]
            raise invalid("At least two subnets in two different Availability Zones must be specified")
        made.dns_name = self.world.address(made.arn)
        # moto leaves these out, for another tool's sake; AWS has them.
        made.attrs |= {"idle_timeout.timeout_seconds": "60", "load_balancing.cross_zone.enabled": "true"}
        made.attrs |= {"routing.http2.enabled": "true"}
        self.world.changed()
        return made

    def delete_load_balancer(self, arn: str) -> None:
        """Not one that is protected."""
        balancer = self.load_balancers.get(arn)
        if balancer and str(balancer.attrs["deletion_protection.enabled"]).lower() == "true":
            protected = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            raise invalid(protected, "OperationNotPermitted")
        super().delete_load_balancer(arn)
        self._associate()

    def modify_load_balancer_attributes(self, arn: str, attrs: dict[str, Any]) -> dict[str, Any]:
        """Tells the data path."""
        found = super().modify_load_balancer_attributes(arn, attrs)
        self.world.changed()
        return found

    def create_listener(  # noqa: PLR0913, PLR0917 - see create_load_balancer
        self,
        load_balancer_arn: str,
        protocol: str,
        port: str,
        ssl_policy: str,
        certificate: str | None,
        actions: list[dict[str, Any]],
        alpn_policy: list[str] | None = None,
        tags: list[dict[str, str]] | None = None,
    ) -> FakeListener:
        """One a port; HTTPS with a certificate."""
        self._check_port(load_balancer_arn, port, itself="")
        if protocol == "HTTPS" and not certificate:
            raise invalid("A certificate must be specified for HTTPS listeners", "CertificateNotFound")
        if certificate and not self._certificate_exists(certificate):
            raise invalid(f"Certificate ARN '{certificate}' is not valid", "CertificateNotFound")
        self._check_actions(actions, load_balancer_arn)
        made = super().create_listener(
            load_balancer_arn, protocol, port, ssl_policy, certificate, actions, alpn_policy, tags
        )
        self._associate()
        return made

    def modify_listener(  # noqa: PLR0913, PLR0917 - see create_load_balancer
        self,
        arn: str,
        port: str | None = None,
        protocol: str | None = None,
        ssl_policy: str | None = None,
        certificates: list[dict[str, Any]] | None = None,
        actions: list[dict[str, Any]] | None = None,
    ) -> FakeListener:
        """The same for a change."""
        balancer = self.describe_listeners(None, [arn])[0].load_balancer_arn
        self._check_port(balancer, port, itself=arn)
        self._check_actions(actions or [], balancer)
        checked: Any = [FakeAction(action) for action in actions or []]  # their metaclass hides their type
        self._validate_actions(checked)
        found = super().modify_listener(arn, port, protocol, ssl_policy, certificates, actions or [])
        self._associate()
        return found

    def delete_listener(self, listener_arn: str) -> FakeListener:
        """Tells the data path."""
        found = super().delete_listener(listener_arn)
        self._associate()
        return found

    def create_rule(
        self,
        listener_arn: str,
        conditions: list[dict[str, Any]],
        priority: int,
        actions: list[dict[str, Any]],
        tags: list[dict[str, str]] | None = None,
    ) -> FakeListenerRule:
        """A priority there is, weights there are."""
        within("Priority", priority, (1, 50000))
        if not conditions:
            raise invalid("A condition must be specified")
        self._check_actions(actions, self.describe_listeners(None, [listener_arn])[0].load_balancer_arn)
        made = super().create_rule(listener_arn, conditions, priority, actions, tags)
        self._associate()
        return made

    def modify_rule(self, rule_arn: str, conditions: list[dict[str, Any]], actions: list[dict[str, Any]]) -> FakeRule:
        """The same for a change."""
        rule = self.describe_rules(None, [rule_arn])[0]
        self._check_actions(actions, self.describe_listeners(None, [rule.listener_arn])[0].load_balancer_arn)
        found = super().modify_rule(rule_arn, conditions, actions)
        self._associate()
        return found

    def delete_rule(self, arn: str) -> None:
        """One that exists."""
        self.describe_rules(None, [arn])
        super().delete_rule(arn)
        self._associate()

    def set_rule_priorities(self, rule_priorities: list[dict[str, Any]]) -> list[FakeRule]:
        """Priorities there are."""
        for each in rule_priorities:
            within("Priority", each["Priority"], (1, 50000))
        found = super().set_rule_priorities(rule_priorities)
        self.world.changed()
        return found

    def describe_rules(self, listener_arn: str | None, rule_arns: list[str] | None) -> list[FakeRule]:
        """By priority, the default one last."""
        return picture.in_order(super().describe_rules(listener_arn, rule_arns))

    def create_target_group(self, name: str, **kwargs: Any) -> FakeTargetGroup:  # noqa: ANN401 - moto's
        """Numbers within their limits."""
        require_health(kwargs)
        return super().create_target_group(name, **kwargs)

    def modify_target_group(self, arn: str, *args: Any, **kwargs: Any) -> FakeTargetGroup:  # noqa: ANN401 - moto's
        """The same for a change, as a whole."""
        names = ("protocol", "port", "path", *HEALTH)  # the order of moto's parameters
        given = dict(zip(names, args, strict=False))
        require_health(given)
        present = self.target_groups.get(arn)
        interval = given.get("healthcheck_interval_seconds") or (present and present.health_check_interval_seconds)
        timeout = given.get("healthcheck_timeout_seconds") or (present and present.health_check_timeout_seconds)
        if interval and timeout and int(timeout) >= int(interval):
            raise invalid(f"Health check timeout '{timeout}' must be smaller than the interval '{interval}'")
        found = super().modify_target_group(arn, *args, **kwargs)
        self.world.changed()
        return found

    def modify_target_group_attributes(self, target_group_arn: str, attributes: dict[str, Any]) -> None:
        """Attributes there are, within their limits."""
        for key, value in attributes.items():
            if key not in ATTRIBUTES:
                raise invalid(f"Target group attribute key '{key}' is not recognized")
            if limits := ATTRIBUTES[key]:
                within(f"'{key}' value", value, limits)
        super().modify_target_group_attributes(target_group_arn, attributes)
        self.world.changed()

    def register_targets(self, target_group_arn: str, instances: list[Any]) -> None:
        """By address and port."""
        group = self._group(target_group_arn)
        self.world.register(group.arn, [key_of(target, group.port) for target in instances])

    def deregister_targets(self, target_group_arn: str, instances: list[dict[str, Any]]) -> None:
        """By address and port; without a port, all that have the address."""
        group = self._group(target_group_arn)
        present = list(self.world.health(group))
        keys = [key for target in instances for key in present if meant(key, target)]
        self.world.deregister(group.arn, keys)

    def describe_target_health(self, target_group_arn: str, targets: list[dict[str, Any]]) -> list[FakeHealthStatus]:
        """As the data path finds them."""
        group = self._group(target_group_arn)
        present = self.world.health(group)
        unknown: State = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
        wanted = [key_of(target, group.port) for target in targets] if targets else list(present)
        found: Any = [  # as above
            FakeHealthStatus(key[0], str(key[1]), group.health_check_port, *present.get(key, unknown)) for key in wanted
        ]
        return found

    def _group(self, arn: str) -> FakeTargetGroup:
        self.describe_target_groups(None, [arn], None)  # refuses what is not there
        return self.target_groups[arn]

    def _check_port(self, balancer: str, port: object, *, itself: str) -> None:
        for listener in self.describe_listeners(balancer, []):
            if port is not None and str(listener.port) == str(port) and listener.arn != itself:
                raise DuplicateListenerError

    def _check_actions(self, actions: list[dict[str, Any]], balancer: str) -> None:
        for action in actions:
            weights = picture.group_weights(action)
            require_forward([weight for _, weight in weights], action.get("ForwardConfig", {}))
            for arn, _ in weights:
                elsewhere = [other for other in self._associated().get(arn, ()) if other != balancer]
                if elsewhere:
                    many = f"The following target groups cannot be associated with more than one load balancer: {arn}"
                    raise invalid(many, "TargetGroupAssociationLimit")

    def _associated(self) -> dict[str, set[str]]:
        """The load balancers whose rules lead to a target group, by its ARN."""
        found: dict[str, set[str]] = {}
        for balancer in self.load_balancers.values():
            for listener in balancer.listeners.values():
                for rule in listener.rules.values():
                    for action in rule.actions:
                        for arn, _ in picture.group_weights(action.data):
                            found.setdefault(arn, set()).add(balancer.arn)
        return found

    def _associate(self) -> None:
        """Say of each target group which load balancer it is of: moto never takes one off again."""
        associated = self._associated()
        for group in self.target_groups.values():
            group.load_balancer_arns = sorted(associated.get(group.arn, ()))
        self.world.changed()


def install(world: World) -> None:
    """Make moto strict, before it has been asked anything."""
    StrictBalancing.world = world
    elbv2_backends.backend = StrictBalancing
    cloudwatch_backends.backend = StrictAlarms
    ec2_backends.backend = StrictNetwork
