"""An attacker of the open edition: enumerates what its hidden numbers can be."""
