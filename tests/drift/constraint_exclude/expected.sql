create table item (at tstzrange, exclude using gist (at with &&));
