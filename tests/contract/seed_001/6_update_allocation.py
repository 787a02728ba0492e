allocation = session.query('Allocation where id is "allocation_id"').one()
allocation['value'] = 0.5  # Half time allocation
session.commit()
