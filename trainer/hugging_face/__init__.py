"""Our weights and configuration as `transformers` has them, and theirs as ours; one module for each kin of classes."""
