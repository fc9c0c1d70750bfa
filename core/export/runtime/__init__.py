"""What runs an exported model elsewhere; the file here is copied beside it, and imports nothing of this project."""

from pathlib import Path

PROGRAM = Path(__file__).with_name("earshot_runtime.py")
"""That file."""
