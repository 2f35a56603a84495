"""Files to and from the API, piece by piece: a file of any size takes the same memory."""
