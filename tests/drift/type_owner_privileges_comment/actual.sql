alter type mood owner to keeper;
revoke usage on type mood from public;
comment on type mood is 'how';
