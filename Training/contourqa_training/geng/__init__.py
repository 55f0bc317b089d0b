"""The study of Geng et al. 2024: a vendor's model, fine-tuned on local patients, judged on two groups."""
