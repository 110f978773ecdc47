"""What the pipelines of .github and .gitlab ask besides the console, where it is too long for a line of shell."""
