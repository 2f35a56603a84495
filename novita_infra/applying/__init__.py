"""Applies the steps of a plan: calls, polls, records, rollback.

It walks the list of steps that planning made and never decides what to do. With `refresh` it is the only package that
talks to the API. Intent is on disk before a call goes out, and an id before a wait begins. Each event is emitted after
what it reports is on disk.
"""
