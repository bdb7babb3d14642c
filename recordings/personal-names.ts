import { isSecretLike } from '../http/secret-like.ts';

/** Parts of the name of a field that holds data of a person, or text that may. */
const personal = new Set(
  `name surname firstname lastname fullname username nickname email mail phone telephone mobile fax street address addr city town zip zipcode postal postcode
  birth birthday birthdate dob iban bic card ssn passport vat ip lat latitude lng lon longitude gender nationality note notes comment comments message
  description remark remarks subject recipient holder signature avatar photo`.split(/\s+/),
);

/** Whether the value of a field of this name is replaced: too much is replaced rather than too little. */
export function isPersonal(name: string): boolean {
  const parts = name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z\d]+/);
  return isSecretLike(name) || parts.some((part) => personal.has(part));
}

/** An e-mail address, or a phone number in its international form. */
export const isPersonalValue = (text: string): boolean => MAIL.test(text) || /^\+\d[\d ()/.-]{6,20}$/.test(text);

export const MAIL = /^[^\s@]{1,64}@[^\s@]+\.[^\s@]+$/;
