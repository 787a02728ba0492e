user = session.query('User where username is "my_user"').one()
allocations = session.query(
    'Allocation where user_id is "{0}"'.format(user['id'])
).all()
