"""The worklist page: every case, the riskiest first."""
