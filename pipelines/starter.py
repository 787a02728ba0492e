"""The starter configuration that `crewtally init` writes: what a start needs, and where the rest is told."""

from __future__ import annotations

STARTER = """\
# crewtally's configuration. Every key can be overridden by the environment: CREWTALLY_SECTION__KEY,
# for example CREWTALLY_WINDOW__PAST_DAYS=60. Relative paths start at the folder of this file.
# These are not all keys: docs/configuration.md has them all, with their defaults.
#
# Secrets do not belong in this file. Give them in the environment:
#   CREWTALLY_TENTHOUSANDFT__TOKEN   CREWTALLY_RUDDR__TOKEN   CREWTALLY_FTRACK__KEY
# or keep them in Prefect Secret blocks and name the block here: token = "prefect-secret:NAME"

# The planners. Leave out the one you do not use. Where both book a project, the first one here wins
# unless [authority] says otherwise.
[tenthousandft]
url = "https://api.rm.smartsheet.com/api/v1"

[ruddr]
url = "https://www.ruddr.io/api/workspace"

# Where the agreed records go. Without this section, crewtally only pulls and totals.
[ftrack]
url = "https://your-studio.ftrackapp.com"
user = "crewtally@your-studio.com"
dialect = "auto"            # auto | seed | studio: what the server's own schemas say, unless you know better

[warehouse]
path = ".crewtally/warehouse.duckdb"
published = ".crewtally/current.duckdb"
# backend = "ducklake"      # for writers on several machines: docs/operations.md

[landing]
path = ".crewtally/landing" # raw pages, byte for byte

[window]
past_days = 28              # a pull asks for these days before today ...
future_days = 180           # ... and after, rounded out to whole weeks
timezone = "UTC"            # whose today, for example "Europe/Berlin"

# [authority]
# default = "tenthousandft"
# projects = { "VP-1" = "ruddr" }                # by project code or name

# [identity]
# exceptions = "identity.csv"                    # who is who, where e-mail and name do not tell

# [guards]                                       # what one plan may take away: docs/configuration.md
# max_delete_share = 0.2

# [push]                                         # names in ftrack, edits by people: docs/configuration.md
# human_edits = "keep"

# [policy]                                       # rules the vendors leave open: docs/configuration.md
# tenthousandft_hours_per_day = 8.0
# tenthousandft_work_week = ["mon", "tue", "wed", "thu", "fri"]
"""
