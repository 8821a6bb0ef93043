create view named as select id, name from devices group by id;
