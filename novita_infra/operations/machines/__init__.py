"""Commands about machines as they are: they need an API key, and use the states of a project if there is one."""
