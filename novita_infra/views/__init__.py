"""The output: one package per format, each with a renderer.

Views take values and never act. Formats do not import each other; `content` holds what they share.
"""
