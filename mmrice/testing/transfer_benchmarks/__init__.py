"""What ``tools/analysis_tools/benchmark_transfer.py`` measures: a module with ``measure() -> (rows, ratios)`` each."""
