allocation = session.query('Allocation where id is "allocation_id"').one()
session.delete(allocation)
session.commit()
