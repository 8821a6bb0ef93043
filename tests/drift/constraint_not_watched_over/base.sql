create table p (a integer primary key);
create table t (a integer references p, b integer unique deferrable);
