/**
 * Names of the columns that the work is done with. Names of fields are letters, digits and _, so none needs quotes; in a pair each has `l_` or `r_` in front.
 */

/** As it came. */
export const rawOf = (field: string): string => `raw_${field}`;
/** In normal form. */
export const valueOf = (field: string): string => `v_${field}`;
/** Its words in the order of the alphabet, as one text. */
export const sortedOf = (field: string): string => `s_${field}`;
/** The same, with the names that nicknames stand for. */
export const calledOf = (field: string): string => `c_${field}`;
/** How it sounds. */
export const soundOf = (field: string): string => `p_${field}`;
/** Its day. */
export const dayOf = (field: string): string => `d_${field}`;
/** How many rows have its value. */
export const timesOf = (field: string): string => `t_${field}`;
/** The level of a pair. */
export const levelOf = (field: string): string => `g_${field}`;
/** What the level of a pair weighs. */
export const weightOf = (field: string): string => `w_${field}`;
