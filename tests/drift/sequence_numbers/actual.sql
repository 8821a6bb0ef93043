alter sequence s as integer increment 5 minvalue 2 maxvalue 99 start 7 restart 7 cache 10 cycle;
