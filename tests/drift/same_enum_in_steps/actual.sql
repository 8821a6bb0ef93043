create type mood as enum ('sad', 'glad');
alter type mood rename value 'glad' to 'happy';
alter type mood add value 'ok' before 'happy';
