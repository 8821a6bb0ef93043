create sequence s2;
