"""What is shown of a run, one module a format: functions from values to text, none of which prints."""
