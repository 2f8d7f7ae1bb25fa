"""The lab's swarm: one process that serves thousands of believable phone systems on loopback addresses.

Traits are drawn from a seed, answers are rendered from traits in the form of the appliances' own answers, and faults
are given to single systems by number. The MySQL tunnels end at real MariaDB servers.
"""
