"""Alarms and security groups, as strict as AWS where a load balancer is concerned."""

import threading
from typing import Any, Final

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend
from moto.elbv2.models import elbv2_backends

_DECIDES_S: Final = 5.0  # AWS: at an alarm's first evaluation, within a minute
_MISSING: Final = {"notBreaching": "OK", "breaching": "ALARM"}


class StrictAlarms(CloudWatchBackend):
    """Alarms that begin without data, and keep their state when they are written anew.

    There are no metrics here. An alarm that nobody has set says, from a while after it was made, what its missing
    data means to it.
    """

    __module__ = CloudWatchBackend.__module__

    def put_metric_alarm(self, name: str, *args: Any, **kwargs: Any) -> Alarm:  # noqa: ANN401 - moto's
        """Write an alarm."""
        before = self.alarms.get(name)
        made = super().put_metric_alarm(name, *args, **kwargs)
        if before:
            made.state_value, made.state_reason = before.state_value, before.state_reason
            made.state_updated_timestamp, made.history = before.state_updated_timestamp, before.history
        else:
            made.state_value = "INSUFFICIENT_DATA"
        later = threading.Timer(_DECIDES_S, self._decide, [name])
        later.daemon = True
        later.start()
        return made

    def _decide(self, name: str) -> None:
        alarm = self.alarms.get(name)
        wanted = _MISSING.get((alarm and alarm.treat_missing_data) or "")
        if alarm and wanted and not alarm.history:
            alarm.update_state("no datapoints were received", "{}", wanted)


class StrictNetwork(EC2Backend):
    """A security group that a load balancer has is not deleted."""

    __module__ = EC2Backend.__module__

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """Delete one that is free."""
        for balancer in elbv2_backends[self.account_id][self.region_name].load_balancers.values():
            if group_id in (balancer.security_groups or []):
                raise DependencyViolationError(f"resource {group_id} has a dependent object")
        super().delete_security_group(name, group_id)
