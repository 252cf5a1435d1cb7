"""The private build and the published releases: dbt, atomic publication, what changed, what is missing."""
