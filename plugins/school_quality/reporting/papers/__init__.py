"""Papers of a municipality: the report, the draft order, the analysis of effectiveness."""
