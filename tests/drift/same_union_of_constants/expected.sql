create view kinds as select 'a' as kind, 1 as rank, null as at union all select 'b', -1, now() union all select 'c', 3, null;
