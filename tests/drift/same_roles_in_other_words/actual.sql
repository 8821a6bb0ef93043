create role readers;
create role app login inherit connection limit -1 in role readers password 'y';
