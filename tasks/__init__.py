"""Everything a step of an upgrade is made of, from frozen types (model) to what talks to the world (wire)."""
