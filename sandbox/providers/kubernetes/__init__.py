"""The stand-in for Pulumi's `kubernetes` provider: server-side apply against a real API server.

Programs written with pulumi-kubernetes 4.34 run on it unchanged. It covers plain resources of any kind, custom ones
included. It does not cover Helm releases, Patch and List resources, YAML rendering, client-side apply, functions and
components of the provider (those are refused by name).
"""
