user = session.query('User where username is "my_user"').one()

allocation = session.create('Allocation', {
    'resource': user,
    'start': datetime.datetime(2023, 1, 1),
    'end': datetime.datetime(2023, 1, 31),
    'allocation_type': 'Project Work',
    'value': 1.0  # Full time allocation
})
session.commit()
