DROP TABLE up_claims;
