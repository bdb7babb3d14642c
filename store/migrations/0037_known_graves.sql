-- Whether a record of the key was ever there, or came behind its delete: whoever needs that record need not wait for it any longer. Of older
-- tombstones this is not known, and who needs them waits as before.
alter table tombstones add column known boolean not null default false;
