"""RICE's claims at a small scale: data, contenders, jobs, results, verdicts."""
