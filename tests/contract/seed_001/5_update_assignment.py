assignment = session.query('Assignment where id is "assignment_id"').one()
assignment['assignment_type'] = 'Management'
session.commit()
