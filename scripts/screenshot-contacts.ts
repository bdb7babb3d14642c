import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DuplicatesInput } from '../definitions/duplicates.ts';
import type { PartnerInput } from '../definitions/definition.ts';

/** A small CRM in which some people are twice. */
const contacts = [
  ['17', 'Elizabeth', 'Okafor', 'e.okafor@example.com', '+44 20 7946 0018', '1984-03-12'],
  ['102', 'Liz', 'Okafor', 'E.Okafor@example.com', '020 7946 0018', '1984-12-03'],
  ['23', 'Martin', 'Lindqvist', 'martin@lindqvist.example', '+46 8 555 0101', '1975-07-30'],
  ['118', 'Martin', 'Lindquist', 'm.lindqvist@example.org', '+46 8 555 0101', '1975-07-30'],
  ['31', 'Aiko', 'Tanaka', 'aiko.tanaka@example.com', '+81 3 5550 0142', '1990-01-09'],
  ['44', 'Samuel', 'Fischer', 'sam@fischer.example', '+49 30 5550 0199', '1968-05-21'],
] as const;

export interface ContactsPartner {
  readonly definition: PartnerInput;
  readonly duplicates: DuplicatesInput;
  close(): void;
}

/** The CRM over HTTP, with how its duplicates are found. The weights are given: six people say too little to estimate them. */
export async function serveContacts(): Promise<ContactsPartner> {
  const body = JSON.stringify(
    contacts.map(([id, given, family, email, phone, born]) => ({ id, given, family, email, phone, born })),
  );
  const server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const text = { type: 'string' } as const;
  const properties = {
    id: text,
    given: text,
    family: text,
    email: text,
    phone: text,
    born: { ...text, format: 'date' },
  };
  const like = { words: 4, 'similar 0.92': 4, 'similar 0.88': 3, 'similar 0.7': 0, else: -3 };
  return {
    definition: {
      name: 'crm',
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      auth: { type: 'none' },
      streams: {
        contacts: { path: '/contacts', primaryKey: ['id'], freshness: '26h', schema: { type: 'object', properties } },
      },
    },
    duplicates: {
      people: {
        from: [
          {
            stream: 'crm.contacts',
            fields: { given: 'given', family: 'family', email: 'email', phone: 'phone', born: 'born' },
          },
        ],
        compare: {
          given: { as: 'name' },
          family: { as: 'name' },
          email: { as: 'email' },
          phone: { as: 'phone', country: '44' },
          born: { as: 'date' },
        },
        exact: [],
        block: [['email'], ['phone'], ['family~phonetic', 'born~year']],
        prior: 0.001,
        weights: {
          given: { ...like, exact: 6, nickname: 4, initial: 2 },
          family: { ...like, exact: 9, nickname: 3, initial: 1 },
          email: { exact: 12, local: 6, 'similar 0.92': 4, 'similar 0.88': 3, else: -2 },
          phone: { exact: 11, 'end 8': 9, 'edits 1': 5, 'edits 2': 3, else: -2 },
          born: { exact: 9, swapped: 6, 'edits 1': 5, 'edits 2': 2, 'days 366': 0, else: -5 },
        },
      },
    },
    close: () => server.close(),
  };
}
