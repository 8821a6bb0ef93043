create table app.item (id int);
