// What the followers of a flight are told in its last user word, beside the number of an error where it has failed.

/** Of a FAILED flight: from here on the status of an answer in whose place a stale one may be used. */
export const ANSWERED = 1000;

/** Of a FAILED flight of a slice: the origin has another representation by now, or none. */
export const CHANGED = 5000;

/** Of a REFRESHED flight: the origin answers requests for parts by all, which is to be fetched as such. */
export const WHOLE = 200;

/** Of a REFRESHED flight: the resource is stored in slices, of which one at most has been asked for. */
export const SLICED = 206;

/** Of a REFRESHED flight: the origin has confirmed the entry, so that its followers may use it however stale. */
export const CONFIRMED = 304;
