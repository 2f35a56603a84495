"""What a run does before and after the calls on an object: it uploads files, fetches results, makes checks."""
