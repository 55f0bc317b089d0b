"""How the page is reached: address, token, folders that may be read, downloads, several users."""
