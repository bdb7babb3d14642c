export interface Contact {
  readonly row_id: string;
  readonly customer_no: string;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly city: string;
}

const CUSTOMERS = 40;
const MONTHS = 12;

const given = ['Ada', 'Bola', 'Chidi', 'Dagny', 'Elif', 'Femi', 'Greta', 'Hugo', 'Ines', 'Jonas'];
const family = ['Okafor', 'Lindqvist', 'Marchetti', 'Novak'];
const cities = ['Leeds', 'York', 'Hull', 'Derby', 'Bath'];

/** What a CRM sends in a year: each month new contacts, and known ones with small edits, all with numbers of rows in that month's file. */
export function resentFiles(): readonly { readonly month: string; readonly records: readonly Contact[] }[] {
  const random = numbers(4711);
  const known: Omit<Contact, 'row_id'>[] = [];
  return Array.from({ length: MONTHS }, (_, at) => {
    const month = `2025-${String(at + 1).padStart(2, '0')}`;
    const edited = known.flatMap((contact, index) => {
      if (random() >= 0.45) return [];
      const now = edit(contact, random);
      known[index] = now;
      return [now];
    });
    const last = Math.round((CUSTOMERS * (at + 1)) / MONTHS);
    const fresh = Array.from({ length: last - known.length }, (__, more) => contactOf(known.length + more));
    known.push(...fresh);
    return {
      month,
      records: [...edited, ...fresh].map((contact, row) => ({ row_id: `${month}/${row + 1}`, ...contact })),
    };
  });
}

function contactOf(n: number): Omit<Contact, 'row_id'> {
  const [first, last] = [given[n % given.length] as string, family[Math.floor(n / given.length)] as string];
  return {
    customer_no: `C-${1000 + n}`,
    name: `${first} ${last}`,
    email: `${first}.${last}@example.com`.toLowerCase(),
    phone: `+44 20 7946 ${String(n).padStart(4, '0')}`,
    city: cities[n % cities.length] as string,
  };
}

/** What clerks do: other letters, other spaces, a typo, a move. */
function edit(contact: Omit<Contact, 'row_id'>, random: () => number): Omit<Contact, 'row_id'> {
  const kind = Math.floor(random() * 5);
  if (kind === 0) return { ...contact, email: contact.email.toUpperCase() };
  if (kind === 1) return { ...contact, phone: contact.phone.replace('+44 ', '0').replaceAll(' ', '') };
  if (kind === 2) return { ...contact, name: contact.name.replace(/(.)(.)$/, '$2$1') };
  if (kind === 3) return { ...contact, city: cities[Math.floor(random() * cities.length)] as string };
  return { ...contact, name: contact.name.toUpperCase() };
}

/** Always the same ones (mulberry32, by Tommy Ettinger, in the public domain). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
