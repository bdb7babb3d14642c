/** Why a cancelled run has ended: it is no loss. */
export const CANCELLED = 'cancelled; start it again to go on from where it stands';
