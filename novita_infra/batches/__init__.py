"""Files and batches of the LLM API: values, requests, checked inputs, and results joined with them."""
