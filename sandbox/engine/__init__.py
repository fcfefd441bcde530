"""The embedded engine: runs a Pulumi program where there is no Pulumi engine, to rehearse and to test.

It keeps Pulumi's own formats (project and stack files, checkpoints, locks), so that what it writes can be taken
over by Pulumi's own command line. It is not for production: that runs on Pulumi's engine.
"""
