create role app login;
create role reader;
create role altered;
