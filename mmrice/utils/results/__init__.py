"""Results of runs: what ``tools/test.py --out`` and training leave behind, compared in a table."""
