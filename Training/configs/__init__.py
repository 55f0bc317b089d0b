"""Named training configurations: each paper's own settings, and ours."""
