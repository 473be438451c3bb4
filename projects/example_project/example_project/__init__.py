"""Types of the example project; configs name them with the prefix ``example_project.``."""
