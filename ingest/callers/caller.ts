export { mayPush, type Caller } from '../../core/caller.ts';
