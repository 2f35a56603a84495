"""Tools for authors of kinds: translations, checks, lookups, owner marks. It knows no single kind."""
