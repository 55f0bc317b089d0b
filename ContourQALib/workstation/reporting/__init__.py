"""Reports of the open case, made in the computing process and fetched by the browser."""
