create type feeling as enum ('ok');
