"""Results as people read them: tables, figures, one self-contained HTML page."""
