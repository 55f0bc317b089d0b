"""Charts of the pages, and how the library that draws them comes to the browser."""
