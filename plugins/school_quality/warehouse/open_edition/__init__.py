"""The open edition: what of the marts may stand on a public site."""
