"""ftrack imitated on loopback: its operations protocol, query language, schemas and events, in two dialects.

attributes  what an entity type is made of, and how a value enters a column
schemas     the entity types of each dialect, and how the server describes them
builtin     the rows every workspace is born with
store       rows in memory: references, transactions with full rollback
rules       what the server knows beyond its schemas (a task's project, dates in order, time logged)
query       the query language: text -> syntax tree
paths       from a row along a dotted path
evaluate    syntax tree + store -> rows
project     rows -> what a reply carries
operations  lists of operations, all or none
errors      what is reported when none
service     the HTTP face: authentication, `POST /api`, the event hub's routes
events      the event hub (socket.io 0.9): who listens hears of every change
seed        fills a store with the sandbox's studio
"""
