"""The nouns that every layer shares: addresses, values, lifecycle, live objects, records, diagnostics. No I/O."""
