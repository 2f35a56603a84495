"""Encryption of states and journals on any backend, and of plan files.

Each environment has a data key, which encrypts its contents. The key itself lies wrapped beside them: by a passphrase,
for recipients of age, or by a program. Nobody else knows it, so what it opens was written by somebody who has it.
"""
