import type { Position } from '../../core/page.ts';
import type { Authorizer } from '../../http/auth.ts';
import type { Permitted } from '../../http/auth/token-exchange.ts';
import { sendCursor } from '../../http/send-cursor.ts';

/** A position as its source knows it: what a stored cursor has in place of secrets is what the partner said again. */
export async function sentPosition(
  position: Position,
  { secrets }: Authorizer,
  permitted: Permitted,
): Promise<Position> {
  if (position.cursor === null) return position;
  return { ...position, cursor: await sendCursor(position.cursor, (names) => secrets(names, permitted)) };
}
