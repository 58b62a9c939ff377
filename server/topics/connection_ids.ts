/**
 * Names connections so that the names sort in the order they were made: by the
 * wall clock, on which nodes agree, and within a millisecond by a count. The
 * end of a name distinguishes nodes.
 *
 * @param clock A clock of Unix milliseconds.
 * @returns A function that returns the next name.
 */
export function connectionIds(clock: () => number): () => string {
  const node = crypto.randomUUID().slice(0, 8);
  let time = 0;
  let count = 0;
  return () => {
    const now = Math.max(0, Math.floor(clock()));
    count++;
    // A clock that is set back must not put newcomers first.
    if (now > time) {
      time = now;
      count = 0;
    }
    return [
      time.toString(36).padStart(9, "0"),
      count.toString(36).padStart(5, "0"),
      node,
    ].join("-");
  };
}
