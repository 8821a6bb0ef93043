CREATE TABLE t (a text NOT NULL, b text CONSTRAINT b_is_there NOT NULL);
