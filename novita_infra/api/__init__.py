"""HTTP to Novita: requests as values, errors by meaning, retries, limits and paging. It knows no resource type."""
