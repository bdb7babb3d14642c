-- `told`: what the headers of an answer said of limits (docs/calls.md): 'used-up' nothing is left, 'wait' how long to stay away, 'nothing' it refused as one
-- call too many and said neither. Null: they said nothing, or nobody looked.
-- `made_by`: the command of a person that made the call, 'check', 'record' or 'auth'. Null: a worker.
alter table calls add column told text, add column told_wait_ms integer, add column made_by text;
