CREATE TABLE t (a text CONSTRAINT must_have_a NOT NULL, b text NOT NULL);
