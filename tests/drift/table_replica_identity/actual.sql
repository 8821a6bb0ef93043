alter table item replica identity using index item_pkey;
