"""What ``tools/analysis_tools/benchmark_data.py`` measures: a module with ``measure() -> (rows, ratios)`` each."""
