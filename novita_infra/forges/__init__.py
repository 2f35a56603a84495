"""Forges: the services that keep a project's repository and run its pipelines, GitHub and GitLab. Each has its API.

Everything that a forge answers may come from strangers: titles, branches, labels and comments are data here, and no
part of any command line.
"""
