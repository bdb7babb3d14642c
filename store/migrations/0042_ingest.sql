-- What was pushed: who sent it, which requests are answered, and what was answered.

-- Of a page of kind `push`: the caller's name. Its page_key is the id of the request.
alter table pages add column if not exists caller text;

-- Requests with an Idempotency-Key. A claim is a row without a status: its owner is at work on it until `lease_until`. The answer is written in the
-- transaction that writes the records, and only where the lease is still the owner's.
create table idempotency (
  caller text not null,
  -- What is done with the key: `push PARTNER/STREAM`.
  operation text not null,
  key text collate "C" not null,
  -- SHA-256 of the request.
  fingerprint bytea not null,
  lease uuid,
  lease_until timestamptz,
  -- How often it was claimed.
  attempts integer not null default 1,
  -- Of the answer; null: there is none yet.
  status integer,
  location text,
  body text,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  primary key (caller, operation, key)
);
create index if not exists waiting_by_page on waiting (stream_id, page);

create index idempotency_expires_at on idempotency (expires_at);
