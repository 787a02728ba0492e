"""10,000ft (Resource Management) imitated, from seed 003.

rows       the studio as this service's rows
hours      its own daily expansion, for the suggestions
account    the rows as they stand, and how to edit them
writes     validation and the write endpoints
service    the web application
"""
