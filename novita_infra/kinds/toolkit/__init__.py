"""Tools for authors of kinds: translations, checks, lookups, owner marks. They know no single kind."""
