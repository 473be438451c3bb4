"""CLOC, its ablations and CLIP on composed scenes: which jobs that makes, and their table."""
