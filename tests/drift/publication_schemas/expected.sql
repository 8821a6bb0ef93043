create publication p for tables in schema one;
create publication gone for tables in schema one;
