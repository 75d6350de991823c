DROP TABLE up_proofs;
