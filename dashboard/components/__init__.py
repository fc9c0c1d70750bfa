"""Parts of pages that run in the browser: each has a Python half and a JavaScript half."""
