"""Ruddr's workspace API imitated, from seed 002.

rows        the studio as this service's rows
hours       the vendor's computation of `totalHours`
workspace   the rows as they stand, and how to edit them
writes      validation of creates and updates
service     the web application
"""
