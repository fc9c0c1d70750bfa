"""The pages: what Streamlit shows, and nothing that could be computed without it."""
