set allow_in_place_tablespaces = on;
create tablespace elsewhere location '';
alter table item set tablespace elsewhere;
alter index item_label set tablespace elsewhere;
alter materialized view m set tablespace elsewhere;
