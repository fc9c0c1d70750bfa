"""What runs an exported model elsewhere; the file here is copied beside it, and imports nothing of this project."""
