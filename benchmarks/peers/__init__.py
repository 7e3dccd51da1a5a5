"""Peers: the methods made for one domain, which results stand beside."""
