create schema "Odd Name";
create table "Odd Name"."select" ("Id" int primary key, "a.b" text, "say ""hi""" int);
create index "I x" on "Odd Name"."select" ("a.b");
create view plain as select "Id" as id from "Odd Name"."select";
