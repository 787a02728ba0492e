task = session.query('Task where name is "My Task"').one()
assignments = session.query(
    'Assignment where context_id is "{0}"'.format(task['id'])
).all()
