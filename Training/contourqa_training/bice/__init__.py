"""The study of Bice et al. 2021: which models it trains, what it measures of them, and what comes of it."""
