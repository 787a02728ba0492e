task = session.query('Task where name is "My Task"').one()
user = session.query('User where username is "my_user"').one()

assignment = session.create('Assignment', {
    'context': task,
    'resource': user,
    'assignment_type': 'Creative Work'
})
session.commit()
