"""Cohorts: what many patients say together about models that are compared."""
