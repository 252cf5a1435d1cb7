"""The scorecard of a school: what it says, its files, its workbook."""
