"""Commands of the section "The LLM side"."""
