-- The index of roles has the user's id behind the role's already.
DO 1;
