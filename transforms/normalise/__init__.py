"""Wire -> common model, one file per source."""
