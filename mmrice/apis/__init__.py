"""What the command-line tools are made of; importing it imports no host library."""
