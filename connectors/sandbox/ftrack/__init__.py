"""ftrack imitated on loopback: its operations protocol, query language, schemas and events, in two dialects.

schemas    what each dialect's entity types look like, and how the server describes them
store      the rows in memory: references, transactions with full rollback
rules      what the server knows beyond its schemas (a task's project, time logged, dates in order)
query      the query language: text -> syntax tree
evaluate   syntax tree + store -> rows and pages
service    the HTTP face: authentication, operations, errors
events     the event hub (socket.io 0.9): who listens hears `ftrack.update`
seed       fills a store with the sandbox's studio
"""
