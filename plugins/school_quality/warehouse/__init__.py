"""The private build and the published releases: dbt, atomic publication, what is there and what is missing."""
