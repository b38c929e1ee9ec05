"""The user's table and labels, and the float rows that everything else computes with."""
