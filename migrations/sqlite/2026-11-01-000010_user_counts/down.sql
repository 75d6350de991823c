DROP TABLE up_user_counts;
