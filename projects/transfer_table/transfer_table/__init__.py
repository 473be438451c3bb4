"""Three initial weights, four tasks, several seeds: which jobs that makes, and running them at once."""
