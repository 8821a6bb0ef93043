create view named as select id, upper(name) as name from devices group by id;
