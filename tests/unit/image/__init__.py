"""Tests of the image builder: no root, no network, no engine."""
