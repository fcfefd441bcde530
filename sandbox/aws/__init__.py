"""The sandbox's AWS: a stand-in, in one process, for what an application load balancer needs of the real one.

moto keeps the state and speaks the API; `strict` refuses what AWS refuses and moto takes. HAProxy is the data path: it
listens where moto's listeners do, chooses a target group for each request by the rules' weights, checks the targets,
and what it finds is what `DescribeTargetHealth` answers. `binding` stands in for the AWS Load Balancer Controller's
TargetGroupBinding. Faults (late rule changes, late registrations, throttling, errors) can be ordered: `faults`.

What it is not: it has one account and no bill; security groups, subnets and zones are kept and enforce nothing; alarms
see no metrics (their state is what `SetAlarmState` says, or what their missing data means); a load balancer's DNS name
is an address on loopback.
"""
