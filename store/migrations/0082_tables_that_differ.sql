-- Pages and alerts ask which tables differ: few do.

create index target_comparisons_differ on target_comparisons (stream_id) where verdict = 'differs';
-- Open pages ask every two seconds whether one has ended.

create index target_comparisons_running on target_comparisons (comparison) where state = 'running';
