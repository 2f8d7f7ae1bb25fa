"""What is promised about speed, measured in one run on one machine. Ratios hold; absolute times are this machine's."""

CONCURRENCY = 100
