"""Commands that become a program of the user: their options, and the hand-over."""
