"""The cohort page: the report of many cases, from which each can be opened."""
