"""What every format shows: rows, reasons, sentences and lines. No format, no stream."""
