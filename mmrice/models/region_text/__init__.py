"""Encoders whose regions are compared with texts, for tests only. They need a host, see :mod:`mmrice.registry`."""
