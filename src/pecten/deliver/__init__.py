"""Results out: video, sequences and content credentials."""
