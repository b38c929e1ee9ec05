"""Other people's oversamplers, run in an environment of their own (``make bench-setup``)."""

from benchmarks.peers.client import Peer, PeerError, PeerMissing, available

__all__ = ["Peer", "PeerError", "PeerMissing", "available"]
