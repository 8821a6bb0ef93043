create schema "Odd Name";
set search_path = "Odd Name", public;
create table "select" ("Id" integer, "a.b" text, "say ""hi""" integer, constraint select_pkey primary key ("Id"));
create index "I x" on "select" using btree ("a.b");
create view PUBLIC.Plain as select s."Id" as ID from "select" s;
drop view public.plain;
set search_path = public;
create view "plain" as select "Id" as "id" from "Odd Name"."select";
