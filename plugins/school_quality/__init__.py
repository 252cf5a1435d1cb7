"""School Quality Warehouse: from assessment exports to indicators, scorecards and a published warehouse."""
