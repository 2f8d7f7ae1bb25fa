"""Frozen types and units. No I/O, no decisions, no import from any other package of this project."""
