"""Drift: what was changed outside of novita-infra, and how a plan responds to it."""
