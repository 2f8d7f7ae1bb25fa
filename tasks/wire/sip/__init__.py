"""SIP: test calls with recognised sound (``caller``), and whether a PBX is alive (``alive``)."""
