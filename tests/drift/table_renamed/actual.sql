alter table item rename to article;
