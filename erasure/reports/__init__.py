"""Reports for people and programs: the plan before an update, and the receipt after it."""
