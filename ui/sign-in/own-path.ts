/** Only a path of our own: anything else would send people to a site of somebody else's choice. */
export const ownPath = (text: string): string => (/^\/(?![/\\])[\w\-./?=&%:@~+,]*$/.test(text) ? text : '/');
