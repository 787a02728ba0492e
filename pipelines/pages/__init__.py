"""Pages for people who have no terminal: the report, and a plan. Plain HTML and SVG, nothing loaded from
elsewhere, no script; every text from outside is escaped by the one function that makes elements.
"""
