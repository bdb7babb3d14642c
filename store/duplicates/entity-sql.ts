/** SQL that makes an entity's id from the name of its least row. In line, not a function: views run functions with the reader's rights. */
export const entitySql = (stream: string, row: string): string =>
  `md5(length(${stream}) || ':' || ${stream} || ${row})::uuid`;
