/**
 * A point in time: a finite number in a unit that the application picks.
 * The server uses Unix milliseconds.
 */
export type Timestamp = number;

/** A span of time, in the unit of {@linkcode Timestamp}. */
export type Duration = number;

/** When an entry expires: `"never"`, or from a timestamp on. */
export type Expiry = Timestamp | "never";
