"""The page «Школы» inside Airflow: what is published, for viewers; the rest, for the staff of the centre."""
