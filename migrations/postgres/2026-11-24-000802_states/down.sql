DROP TABLE up_states;
