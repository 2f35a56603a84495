"""The content that formats share: lines, sentences, reasons and excerpts. It knows no format and no stream."""
