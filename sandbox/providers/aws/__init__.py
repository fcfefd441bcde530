"""The stand-in for Pulumi's `aws` provider: boto3 against the sandbox's AWS, which is a stand-in itself (moto).

Programs written with pulumi-aws 7.51 run on it unchanged, as far as they need an application load balancer, its
listeners, rules and target groups, security groups, metric alarms and plain Route 53 records. Any other type, any other
input and any other function is refused by name. It speaks to `AWS_ENDPOINT_URL` only, and to this machine only: there
is no way to a real account.
"""
