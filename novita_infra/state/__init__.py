"""The books: what this project made and owns, kept on disk so that no crash loses an id and no secret is in clear."""
