"""Figures made of facts: space, duration, growth, rhythm, fleet frames. It measures and estimates; it does not judge.

Forbidden here: any I/O, any clock, any word about what is good enough.
"""
