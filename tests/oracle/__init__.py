"""A second opinion: the methodology calculated again in plain Python with exact fractions.

It shares nothing with the dbt project but the landed Parquet files: no SQL, no seeds, no macros. Every number
of the methodology is written here again (`rules`), and every function names the reading that it follows, so a
disagreement between the two is a question about the text, not about a shared mistake.
"""
