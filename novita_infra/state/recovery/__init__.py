"""What the earlier states and the journals of a storage hold: history, checks, and putting a state together again.

Works on the bytes of any backend, and on damaged ones.
"""
