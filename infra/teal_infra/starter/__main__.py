"""The program that `pulumi up` runs."""

from teal_infra import run

run()
