DROP TABLE up_used_tokens;
