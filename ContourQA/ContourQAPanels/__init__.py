"""The module's panels and what they share: everything that needs Qt, and nothing that computes."""
