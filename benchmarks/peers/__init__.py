"""Peers: programs made for one domain, with which longthink is compared."""
