assignment = session.query('Assignment where id is "assignment_id"').one()
session.delete(assignment)
session.commit()
