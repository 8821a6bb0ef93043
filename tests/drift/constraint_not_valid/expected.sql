alter table item add foreign key (place) references place;
