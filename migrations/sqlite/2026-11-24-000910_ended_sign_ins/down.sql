DROP TABLE up_ended_sign_ins;
