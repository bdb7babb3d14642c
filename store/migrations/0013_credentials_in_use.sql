-- By which credential a partner was last called: who only looks on need not derive it from the secret, which takes long by intent.
create table credentials_in_use (
  partner text primary key,
  credential text not null,
  noted_at timestamptz not null default now()
);
