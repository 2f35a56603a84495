"""The output formats, one package each. A package declares its format as FORMAT, and imports the rest when it is used.

Formats do not import each other.
"""
