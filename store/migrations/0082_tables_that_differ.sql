-- Pages and alerts ask which tables differ: few do.

create index target_comparisons_differ on target_comparisons (stream_id) where verdict = 'differs';
