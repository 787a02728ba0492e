"""The commands of `crewtally`, one file per group. Heavy imports live inside them: --help is quick."""
