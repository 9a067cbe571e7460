"""What every Python test program of Hearth shares: servers to test, and results as text."""
