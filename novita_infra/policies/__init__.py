"""Policies: programs and schemas of the user that judge a plan."""
