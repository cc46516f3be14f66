"""Writing files atomically, and reading `.npz` files without trusting them. Nothing here knows about models."""
