"""The results of single commands, one module each: data and table. Every format shows them by their declaration."""
