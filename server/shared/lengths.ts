/** The greatest length of a name or a key, in UTF-16 units. */
export const MAX_NAME_LENGTH = 256;

/** The greatest length of a URL: what all software accepts. */
export const MAX_URL_LENGTH = 2_048;
