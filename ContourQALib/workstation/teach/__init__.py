"""The teaching page: errors made on purpose, and a quiz."""
