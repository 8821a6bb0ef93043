create table item (a int, b varchar(9), c char, d decimal(5, 1), e float, f timestamptz(3), g bool, h int2, i int8, j timestamp, k varbit(4), l float(3), m time, n int[], o character(1));
