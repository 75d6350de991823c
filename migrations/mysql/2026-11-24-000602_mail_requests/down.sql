DROP TABLE up_mail_requests;
