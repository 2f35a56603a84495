"""Commands about the account as it is: they need an API key, and use the states of a project if there is one."""
