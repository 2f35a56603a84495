"""Operations: what each command does, without a terminal.

One module per operation; a command imports the one that it runs. No output, no prompt. An operation that changes the
state needs its lock.
"""
