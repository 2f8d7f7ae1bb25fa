"""A stand-in for Freshdesk (API v2) on loopback, which behaves as its public reference and working clients tell."""
