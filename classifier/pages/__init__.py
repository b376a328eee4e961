"""Portal pages, HTML or text: read to an article and the headlines they list."""
