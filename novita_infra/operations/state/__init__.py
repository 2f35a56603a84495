"""What the commands `state ...` do: read, edit, check, repair, restore and move the state."""
