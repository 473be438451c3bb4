"""Helpers for tests: tiny data and configs for every host."""
