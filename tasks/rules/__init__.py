"""What is decided, by pure functions over facts, findings and cases: verdicts, plans, waivers, what comes next.

Forbidden here: any I/O and any clock; the moment is a parameter. A rule never asks a system and never does anything.
"""
