"""Policies: programs and schemas of the user that judge a plan.

A policy gets the plan as JSON and never a secret. Nothing here reads the account or the state.
"""
