import { pageOf, type Asked, type Played, type Player } from './open-plays.ts';

export interface SlackMessage {
  readonly type: 'message';
  readonly ts: string;
  readonly user: string;
  readonly text: string;
  readonly edited?: object;
  readonly latest_reply?: string;
}

export interface SlackChannel {
  readonly id: string;
  readonly is_member: boolean;
}

const SIZE = 2;
const refuse = (error: string): Played => ({ body: { ok: false, error } });

/** A workspace with the messages of its channels, newest first. */
export function slackPartner(of: {
  channels: readonly SlackChannel[];
  users: readonly object[];
  messages: Record<string, readonly SlackMessage[]>;
  /** By the ts of the message that was replied to. */
  replies: Record<string, readonly SlackMessage[]>;
  token: string;
}): Player {
  return (asked) => {
    if (asked.headers.authorization !== `Bearer ${of.token}`) return refuse('token_revoked');
    if (asked.path === '/api/conversations.list') return listOf('channels', of.channels, asked);
    if (asked.path === '/api/users.list') return listOf('members', of.users, asked);
    if (!/^\/api\/conversations\.(history|replies)$/.test(asked.path)) return refuse('unknown_method');
    const channel = of.channels.find(({ id }) => id === asked.query.get('channel'));
    if (channel === undefined) return refuse('channel_not_found');
    if (!channel.is_member) return refuse('not_in_channel');
    const messages = of.messages[channel.id] ?? [];
    if (asked.path.endsWith('history')) return history(messages, asked);
    const thread = asked.query.get('ts') ?? '';
    const first = messages.filter(({ ts }) => ts === thread);
    return first.length === 0 ? refuse('thread_not_found') : page([...first, ...(of.replies[thread] ?? [])], asked);
  };
}

function history(messages: readonly SlackMessage[], asked: Asked): Played {
  const oldest = Number(asked.query.get('oldest') ?? '0');
  if (asked.query.get('inclusive') !== 'true') return refuse('invalid_arguments');
  const found = messages
    .filter(({ ts }) => Number(ts) >= oldest)
    .toSorted((one, other) => Number(other.ts) - Number(one.ts));
  return page(found, asked);
}

function page(found: readonly SlackMessage[], asked: Asked): Played {
  const { items, next } = pageOf(found, asked.query.get('cursor'), SIZE);
  return {
    body: {
      ok: true,
      messages: items,
      has_more: next !== undefined,
      pin_count: 0,
      ...(next === undefined ? {} : { response_metadata: { next_cursor: next } }),
    },
  };
}

function listOf(name: string, list: readonly object[], asked: Asked): Played {
  const { items, next } = pageOf(list, asked.query.get('cursor'), SIZE);
  return { body: { ok: true, [name]: items, response_metadata: { next_cursor: next ?? '' } } };
}
