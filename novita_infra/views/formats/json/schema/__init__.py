"""JSON Schemas of what the JSON views print."""
