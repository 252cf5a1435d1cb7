"""What several documents say: rows of the marts, the methodology, statuses, recommendations."""
