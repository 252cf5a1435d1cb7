"""The static pages of a release and what they offer for download."""
