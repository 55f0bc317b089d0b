"""Bundled quality models, one folder each: card.json, config.json, weights.safetensors."""
